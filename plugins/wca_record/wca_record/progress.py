"""What people see of a recording in the making: a line on a terminal, and a summary at the end."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from wca_core.model.snapshot import Snapshot
from wca_core.plugin_api import hookimpl, plugin
from wca_record.recorder import Recorder


@dataclass(slots=True)
class _Seen:
    steps: int = 0
    tasks: int = 0
    first: float | None = None
    last: float = 0.0


@plugin(api=1)
class Progress:
    """Called in each step, after the recorder."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._seen = _Seen()
        self._is_terminal = sys.stderr.isatty()

    @hookimpl(trylast=True)
    def detect(self, snapshot: Snapshot) -> None:
        seen = self._seen
        seen.first = snapshot.now if seen.first is None else seen.first
        seen.last = snapshot.now
        seen.steps += 1
        seen.tasks = len(snapshot.tasks)
        if self._is_terminal:
            sys.stderr.write(f"\r{self._line(seen.steps)} · Ctrl-C ends\x1b[K")
            sys.stderr.flush()

    @hookimpl
    def stop(self) -> None:
        if self._is_terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    @property
    def is_complete(self) -> bool:
        """Whether all steps are in the file; asked when it is ended."""
        counts = self._recorder.counts
        return counts is not None and not counts.dropped and counts.steps >= self._seen.steps > 0

    def summary(self) -> str:
        """One line for the end."""
        counts = self._recorder.counts
        if counts is None or not counts.steps:
            return f"{self._recorder.file}: no step was recorded"
        return f"{self._recorder.file}: {self._line(counts.steps)}, {size(counts.bytes / counts.steps)} a step"

    def _line(self, steps: int) -> str:
        counts, seen = self._recorder.counts, self._seen
        if counts is None:
            return ""
        left_out = f" ({counts.dropped} left out)" if counts.dropped else ""
        lasting = duration(seen.last - (seen.first or seen.last))
        return f"{steps} steps{left_out}, {lasting}, {seen.tasks} tasks, {size(counts.bytes)}"


def size(count: float) -> str:
    """Bytes for people: `1.3 MB`."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}" if unit != "B" else f"{count:.0f} B"
        count /= 1000
    return f"{count:.3g} GB"


def duration(seconds: float) -> str:
    """`0:09:59`."""
    whole = max(0, round(seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
