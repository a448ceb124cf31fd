"""redis-benchmark: with `-q`, with `--csv`, and as it prints without them. Latencies in milliseconds.

Every measurement has the label `test`, the command in lower case. While a test runs, its progress gives `running_...`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence

from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.line_parser import LineParser

_QUIET = re.compile(r"^\s*([A-Za-z]\S*)(?: \([^)]*\))?: (\S+) requests per second(?:, p50=(\S+) msec)?")
_PROGRESS = re.compile(r"^\s*([A-Za-z]\S*)(?: \([^)]*\))?: rps=(\S+) \(overall: \S+\) avg_msec=(\S+)")
_TITLE = re.compile(r"^====== (\S+).*======\s*$")
_THROUGHPUT = re.compile(r"throughput summary: (\S+) requests per second")
_COLUMN = re.compile(r"(\w+)_latency_ms", re.ASCII)


class RedisBenchmarkParser(LineParser):
    """`requests_per_second`, `latency_{avg,min,p50,p95,p99,max}`; `running_{requests_per_second,latency_avg}`."""

    _test = ""
    _columns: tuple[str, ...] = ()
    _rows_are_next = 0
    """Of the table of latencies: 2 titles, 1 values."""

    def read(self, line: str) -> Iterator[Measurement]:
        if line.startswith('"'):
            yield from self._of_row(line)
        elif (quiet := _QUIET.match(line)) is not None:
            yield from self._of(quiet[1], requests_per_second=quiet[2], latency_p50=quiet[3])
        elif (progress := _PROGRESS.match(line)) is not None:
            yield from self._of(progress[1], running_requests_per_second=progress[2], running_latency_avg=progress[3])
        else:
            yield from self._of_report(line)

    def _of_report(self, line: str) -> Iterator[Measurement]:
        if (title := _TITLE.match(line)) is not None:
            self._test = title[1]
        elif (throughput := _THROUGHPUT.search(line)) is not None and self._test:
            yield from self._of(self._test, requests_per_second=throughput[1])
        elif "latency summary (msec):" in line:
            self._rows_are_next = 2
        elif self._rows_are_next == 2:
            self._columns, self._rows_are_next = tuple(f"latency_{title}" for title in line.split()), 1
        elif self._rows_are_next == 1:
            self._rows_are_next = 0
            yield from self._of(self._test, **dict(zip(self._columns, line.split(), strict=False)))

    def _of_row(self, line: str) -> Iterator[Measurement]:
        """Before version 6.2 there are no titles, and two cells."""
        try:
            cells = next(csv.reader([line]))
        except csv.Error:
            self.unreadable(line)
            return
        if cells[0] == "test":
            self._columns = tuple(map(_column, cells))
        else:
            names: Sequence[str] = self._columns or ("test", "requests_per_second")
            yield from self._of(cells[0].partition(" ")[0], **dict(zip(names[1:], cells[1:], strict=False)))

    def _of(self, test: str, **values: str | None) -> Iterator[Measurement]:
        for name, value in values.items():
            if value is not None:
                yield from self.measured(name, value, {"test": test.lower()})


def _column(title: str) -> str:
    if title == "rps":
        return "requests_per_second"
    latency = _COLUMN.fullmatch(title)
    return f"latency_{latency[1]}" if latency else title
