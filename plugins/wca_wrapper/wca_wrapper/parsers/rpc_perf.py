"""rpc-perf: what it logs of each window. Latencies in microseconds, success and hits in percent."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.line_parser import LineParser

_PERCENTILE = re.compile(r"\b(min|max|p\d+): *(\S+)", re.ASCII)
_RATES = {
    "rate": re.compile(r"(?<!Hit )Rate: *(\S+)"),
    "success": re.compile(r"Success: *(\S+)"),
    "hit_rate": re.compile(r"Hit Rate: *(\S+)"),
}


class RpcPerfParser(LineParser):
    """`min`, `p50`, `p90`, `p99`, `p999`, `p9999`, `max`; `rate`, `success`, `hit_rate`."""

    def read(self, line: str) -> Iterator[Measurement]:
        if "[rpc-perf] Percentiles:" in line:
            for name, value in _PERCENTILE.findall(line):
                yield from self.measured(name, value)
        elif "[rpc-perf] Rate:" in line:
            for name, pattern in _RATES.items():
                if (found := pattern.search(line)) is not None:
                    yield from self.measured(name, found[1])
