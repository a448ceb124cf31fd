"""What parsers of line-by-line tools share: labels and prefix of every measurement, end marker, count of errors."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from wca_core import gauge
from wca_core.model.metric import MetricType
from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.numbers import is_not_a_number, number

log = logging.getLogger("wca.wrapper")

LONGEST = 4096
"""Characters of a line that is looked at: no tool prints longer ones, and patterns search in them many times."""


class LineParser:
    """Subclasses have `read`, which yields what a line says."""

    end_marker: ClassVar[str | None] = None
    """A line after which nothing more is parsed."""

    def __init__(
        self,
        regexp: str | None = None,
        separator: str | None = None,
        labels: Mapping[str, str] | None = None,
        metric_name_prefix: str = "",
    ) -> None:
        """`regexp` and `separator` are for those who have no format of their own."""
        self._labels = dict(labels or {})
        self._prefix = metric_name_prefix
        self.unreadable_lines = 0
        self.has_ended = False

    def read(self, line: str) -> Iterable[Measurement]:
        raise NotImplementedError

    def feed(self, line: str) -> list[Measurement]:
        if self.has_ended or len(line) > LONGEST:
            return []
        if self.end_marker is not None and line.strip() == self.end_marker:
            self.has_ended = True
            return []
        return list(self.read(line))

    def end(self) -> list[Measurement]:
        return []

    def measured(
        self,
        name: str,
        value: str | float | None,
        labels: Mapping[str, str] | None = None,
        kind: MetricType = gauge,
    ) -> Iterator[Measurement]:
        """A measurement; none, but a count, if there is no number where one is expected. NaN is no value."""
        if isinstance(value, str) and is_not_a_number(value):
            return
        found = number(value) if isinstance(value, str) else value
        if found is None:
            self.unreadable(f"{name}={value}")
        else:
            yield Measurement(self._prefix + name, found, {**self._labels, **(labels or {})}, kind)

    def unreadable(self, text: str) -> None:
        """Count a line that looks relevant but cannot be read."""
        self.unreadable_lines += 1
        log.debug("cannot be read: %.200s", text)
