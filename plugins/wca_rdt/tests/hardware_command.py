"""The command line that measures two tasks with `static`, `rdt` and `perf`, as a user gives it, and what it writes."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cgroups import Cgroup, wait_until

SECONDS = 0.5
"""From step to step."""

_SAMPLE = re.compile(r'^(?P<name>\w+)\{.*\btask_id="(?P<task>[^"]+)".*\} (?P<value>\S+) (?P<time>\d+)$', re.MULTILINE)

Page = Mapping[tuple[str, str], float]
"""The samples of tasks in one step, by metric and task."""


@dataclass(frozen=True, slots=True)
class Measuring:
    """The command while it runs."""

    process: subprocess.Popen[bytes]
    metrics: Path
    records: Path

    @property
    def pages(self) -> list[tuple[float, Page]]:
        """All but the last, which may be half written, with the seconds of the clock that they are of."""
        pages: dict[int, dict[tuple[str, str], float]] = defaultdict(dict)
        for found in _SAMPLE.finditer(self.metrics.read_text(errors="replace")):
            pages[int(found["time"])][found["name"], found["task"]] = float(found["value"])
        return [(time / 1000, pages[time]) for time in sorted(pages)][:-1]

    def page(self) -> Page:
        """The first one of a step that is still to come."""
        asked = time.time()
        wait_until(lambda: self._later_than(asked) or self.process.poll() is not None, "no step is written")
        [page, *_] = self._later_than(asked)
        return page

    def said(self) -> str:
        return self.records.read_text()

    def _later_than(self, moment: float) -> list[Page]:
        return [page for time, page in self.pages if time > moment]


def command(tasks: Sequence[Cgroup], *more: str) -> list[str]:
    """That of the acceptance: metrics go to standard error, records to standard output."""
    fields = (
        f"static.tasks=[{','.join(task.path for task in tasks)}]",
        "perf.event_names=[task_instructions,task_cycles]",
        "perf.enable_derived_metrics=true",
        f"agent.interval={SECONDS}",
    )
    wca = (sys.executable, "-c", "from wca_core.cli import main; main()", "run", "--root", "--no-lock")
    return [*wca, "--plugins", "static,rdt,perf", *(word for field in fields for word in ("--set", field)), *more]


@contextmanager
def measuring(folder: Path, *tasks: Cgroup) -> Iterator[Measuring]:
    """The command at work; it is asked to end at the end."""
    metrics, records = folder / "metrics", folder / "records"
    with metrics.open("wb") as errors, records.open("wb") as output:
        process = subprocess.Popen(command(tasks), stdout=output, stderr=errors)
    try:
        yield Measuring(process, metrics, records)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
