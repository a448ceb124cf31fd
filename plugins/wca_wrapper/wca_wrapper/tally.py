"""What the wrapper tells about itself."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from wca_core import Sample, counter, gauge
from wca_core.model.metric import MetricType
from wca_wrapper.measurement import Measurement, samples_of

Row: TypeAlias = tuple[str, float | None, MetricType, str]


@dataclass(slots=True)
class Tally:
    """Counts since the wrapper started, over all runs of the application."""

    labels: Mapping[str, str] = field(default_factory=dict)
    lines: int = 0
    dropped_lines: int = 0
    """Left out because the parser was too slow."""
    parse_errors: int = 0
    dropped_updates: int = 0
    last_update: float | None = None
    """Unix time [seconds] of the newest update; None before the first."""
    exit_code: int | None = None
    """Of the last run that ended."""
    _dropping: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def drop_lines(self, count: int) -> None:
        """Called by several threads, as `drop_updates`; all else is written by one each."""
        with self._dropping:
            self.dropped_lines += count

    def drop_updates(self, count: int) -> None:
        with self._dropping:
            self.dropped_updates += count

    def samples(self) -> list[Sample]:
        """As of now, without what is not known yet."""
        rows: list[Row] = [
            ("up", 1, gauge, "1 while the wrapper runs."),
            ("lines", self.lines, counter, "Lines of the application that were read."),
            ("dropped_lines", self.dropped_lines, counter, "Lines not parsed because the parser was too slow."),
            ("parse_errors", self.parse_errors, counter, "Lines and numbers that could not be read."),
            ("dropped_updates", self.dropped_updates, counter, "Updates that no storage took in time."),
            ("last_update_timestamp", self.last_update, gauge, "Unix time of the newest update, in seconds."),
            ("child_exit_code", self.exit_code, gauge, "Exit code of the application that ended last."),
        ]
        found = [
            Measurement(f"wca_wrapper_{name}", value, self.labels, kind, help_text)
            for name, value, kind, help_text in rows
            if value is not None
        ]
        return samples_of(found)[0]
