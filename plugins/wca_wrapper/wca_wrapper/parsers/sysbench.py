"""sysbench 1.0: the lines of `--report-interval`, and the report at the end. Latencies in milliseconds.

| test | each interval | at the end |
|---|---|---|
| database | `tps`, `qps`, `{read,write,other}_qps`, `latency_pNN`, `errors_per_second` | `summary_tps`, `summary_qps` |
| cpu, threads, mutex | `eps`, `latency_pNN` | `events_per_second` |
| memory | `mebibytes_per_second` | `summary_operations_per_second`, `summary_mebibytes_per_second` |
| all | | `summary_latency_{min,avg,max,pNN}` |
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.line_parser import LineParser
from wca_wrapper.parsers.numbers import percentile_name

_INTERVAL = re.compile(r"\[ *\d+(?:\.\d+)?s *\]", re.ASCII)
_OF_INTERVAL = {
    "tps": re.compile(r"\btps: (\S+)"),
    "qps": re.compile(r"\bqps: (\S+)"),
    "eps": re.compile(r"\beps: (\S+)"),
    "errors_per_second": re.compile(r"\berr/s:? (\S+)"),
    "mebibytes_per_second": re.compile(r"(\S+) MiB/sec"),
}
_KINDS = re.compile(r"\(r/w/o: ([^/\s]+)/([^/\s]+)/([^)\s]+)\)")
_LATENCY = re.compile(r"\(ms, ?(\d+(?:\.\d+)?)%\): (\S+)", re.ASCII)
_AT_THE_END = {
    "summary_tps": re.compile(r"^\s*transactions:\s+\d+\s+\((\S+) per sec"),
    "summary_qps": re.compile(r"^\s*queries:\s+\d+\s+\((\S+) per sec"),
    "events_per_second": re.compile(r"^\s*events per second:\s+(\S+)"),
    "summary_operations_per_second": re.compile(r"^Total operations: \d+ \((\S+) per second"),
    "summary_mebibytes_per_second": re.compile(r"MiB transferred \((\S+) MiB/sec"),
    **{f"summary_latency_{name}": re.compile(rf"^\s+{name}:\s+(\S+)\s*$") for name in ("min", "avg", "max")},
}
_PERCENTILE_AT_THE_END = re.compile(r"^\s+(\d+(?:\.\d+)?)th percentile:\s+(\S+)", re.ASCII)


class SysbenchParser(LineParser):
    """See the table above."""

    def read(self, line: str) -> Iterator[Measurement]:
        yield from self._of_interval(line) if _INTERVAL.match(line) else self._of_report(line)

    def _of_interval(self, line: str) -> Iterator[Measurement]:
        for name, pattern in _OF_INTERVAL.items():
            if (found := pattern.search(line)) is not None:
                yield from self.measured(name, found[1])
        if (kinds := _KINDS.search(line)) is not None:
            for name, value in zip(("read_qps", "write_qps", "other_qps"), kinds.groups(), strict=True):
                yield from self.measured(name, value)
        if (latency := _LATENCY.search(line)) is not None:
            yield from self.measured(f"latency_{percentile_name(latency[1])}", latency[2])

    def _of_report(self, line: str) -> Iterator[Measurement]:
        for name, pattern in _AT_THE_END.items():
            if (found := pattern.search(line)) is not None:
                yield from self.measured(name, found[1])
        if (percentile := _PERCENTILE_AT_THE_END.match(line)) is not None:
            yield from self.measured(f"summary_latency_{percentile_name(percentile[1])}", percentile[2])
