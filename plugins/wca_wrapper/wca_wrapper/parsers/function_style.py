"""Parsers of the old style: functions that read one or more lines themselves, run here line by line.

    def parse(input, regexp, separator, labels, metric_name_prefix):
        line = readline_with_check(input, EOF_line="the end")
        return [Measurement(...)]

The function runs in a thread of its own, which waits while it asks for a line that has not come. It is called again and
again until it raises `StopIteration` or returns without reading; what else it raises costs the lines it had read.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from wca_core import gauge
from wca_core.model.metric import MetricType
from wca_wrapper.measurement import Measurement

log = logging.getLogger("wca.wrapper")

PATIENCE = 5.0
"""Seconds that a function has at the end of the output."""

Parse: TypeAlias = Callable[..., Iterable[object]]


def readline_with_check(input: LineSource, EOF_line: str = "") -> str:  # noqa: N803  documented names
    """The next line with its end. Raises `StopIteration` at the end of the output and at the end marker."""
    line = input.readline()
    if line == "" or (EOF_line and line.strip() == EOF_line.strip()):
        raise StopIteration
    return line


class LineSource:
    """The lines that were fed, to whoever reads them in another thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._lines: list[str] = []
        self._is_waiting = False
        self._is_over = False
        self.lines_read = 0

    def readline(self) -> str:
        """Waits for a line; empty at the end of the output."""
        with self._changed:
            self._is_waiting = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._lines or self._is_over)
            self._is_waiting = False
            self.lines_read += len(self._lines[:1])
            return self._lines.pop(0) if self._lines else ""

    def give(self, line: str | None) -> None:
        """A line, None for the end; returns when the reader wants more, or reads no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_waiting or self._is_over)
            if self._is_over:
                return
            if line is None:
                self._is_over = True
            else:
                self._lines.append(line)
            self._is_waiting = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_waiting or self._is_over)

    def close(self) -> None:
        """The reader reads no more."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()


class FunctionParser:
    """Makes a parser of such a function."""

    def __init__(self, parse: Parse, **given: object) -> None:
        """`given`: regexp, separator, labels and metric_name_prefix."""
        self._parse = parse
        self._given = given
        self._source = LineSource()
        self._found: list[Measurement] = []
        self.unreadable_lines = 0
        self.has_ended = False
        self._thread = threading.Thread(target=self._run, name="parser", daemon=True)
        self._thread.start()

    def feed(self, line: str) -> list[Measurement]:
        self._source.give(line + "\n")
        return self._taken()

    def end(self) -> list[Measurement]:
        self._source.give(None)
        self._thread.join(PATIENCE)
        return self._taken()

    def _taken(self) -> list[Measurement]:
        found, self._found = self._found, []
        return found

    def _run(self) -> None:
        while not self.has_ended:
            lines_before = self._source.lines_read
            try:
                labels = self._given.get("labels")
                given = {**self._given, "labels": dict(labels) if isinstance(labels, Mapping) else {}}
                found = list(map(_measurement, self._parse(self._source, **given)))
                self._found += found  # apart: the list is another one once the function has waited
            except (StopIteration, RuntimeError) as error:
                # in a generator a StopIteration becomes a RuntimeError
                self.has_ended = isinstance(error, StopIteration) or isinstance(error.__cause__, StopIteration)
                self._count(error)
            except Exception as error:  # noqa: BLE001  code of others
                self._count(error)
            if self._source.lines_read == lines_before:  # called again, it would do the same for ever
                self.has_ended = True
        self._source.close()

    def _count(self, error: Exception) -> None:
        if not self.has_ended:
            self.unreadable_lines += 1
            log.debug("the parser raised %s: %s", type(error).__name__, error)


def _measurement(metric: object) -> Measurement:
    """Of any object with the attributes of a metric. Raises `AttributeError` and `TypeError`."""
    if isinstance(metric, Measurement):
        return metric
    kind = getattr(metric, "type", None)
    value = float(getattr(metric, "value"))  # noqa: B009  of an object of others
    labels = {str(name): str(text) for name, text in (getattr(metric, "labels", None) or {}).items()}
    known = MetricType(str(getattr(kind, "value", kind))) if kind is not None else gauge
    return Measurement(str(getattr(metric, "name")), value, labels, known, getattr(metric, "help", None) or "")  # noqa: B009
