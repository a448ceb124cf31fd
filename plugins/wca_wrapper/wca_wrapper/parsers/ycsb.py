"""YCSB: the status lines that `-s` prints. Latencies in microseconds.

Lines of errors, `[READ-FAILED: ...]`, are none of READ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.line_parser import LineParser
from wca_wrapper.parsers.numbers import percentile_name

_OPERATIONS = re.compile(r"(\S+) operations;")
_RATE = re.compile(r"(\S+) current ops/sec")
_OF_KIND = re.compile(r"\[(READ|UPDATE)[: ]([^\]\[]*)\]")
_FIELD = re.compile(r"(?:^|[,\s])(Avg|\d+(?:\.\d+)?)=([^,\s]*)", re.ASCII)


class YcsbParser(LineParser):
    """`operations`, `ops_per_sec`, `{read,update}_{avg,p90,p99,p999,p9999}`."""

    def read(self, line: str) -> Iterator[Measurement]:
        if (found := _OPERATIONS.search(line)) is not None:
            yield from self.measured("operations", found[1])
        if (found := _RATE.search(line)) is not None:
            yield from self.measured("ops_per_sec", found[1])
        for of_kind in _OF_KIND.finditer(line):
            kind = of_kind[1].lower()
            for field, value in _FIELD.findall(of_kind[2]):
                name = "avg" if field == "Avg" else percentile_name(field)
                yield from self.measured(f"{kind}_{name}", value)
