"""mutilate: the table at the end of a run, or a row of each step of a scan. Latencies in microseconds.

| words of a row behind `read` | 1 | 6 | 7 | 8 | 9 | 10 |
|---|---|---|---|---|---|---|
| at the end of a run | average | p90 | p95 | p99 | | |
| of a scan | average | p90 | p95 | p99 | QPS | QPS that were aimed at |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.line_parser import LineParser

_RATE = re.compile(r"Total QPS\s*=\s*(\S+)")
_COLUMNS = {"read_avg": 1, "read_p90": 6, "read_p95": 7, "read_p99": 8}
_WORDS_OF_A_SCAN = 11


class MutilateParser(LineParser):
    """`read_{avg,p90,p95,p99}` and `qps`; of a scan the same with `scan_`."""

    end_marker: ClassVar[str | None] = "Stop-Mutilate-Now"

    def read(self, line: str) -> Iterator[Measurement]:
        if (found := _RATE.search(line)) is not None:
            yield from self.measured("qps", found[1])
        words = line.split()
        if words[:1] != ["read"]:
            return
        if len(words) <= max(_COLUMNS.values()):
            self.unreadable(line)
            return
        is_scan = len(words) == _WORDS_OF_A_SCAN
        columns = {**_COLUMNS, **({"qps": 9} if is_scan else {})}
        for name, column in columns.items():
            yield from self.measured(f"scan_{name}" if is_scan else name, words[column])
