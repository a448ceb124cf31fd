"""memtier_benchmark: its progress, which it shows in one place on standard error, and the table at the end.

Latencies in milliseconds. Its kilobytes have 1024 bytes. A column is found by its name; `---` is no value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.line_parser import LineParser
from wca_wrapper.parsers.numbers import number, percentile_name

_PROGRESS = re.compile(
    r"\[RUN #[^\]]*\].*?threads: +(?P<ops>\S+) ops, +(?P<rate>\S+) \(avg: +(?P<rate_avg>[^)\s]+)\) ops/sec, +"
    r"(?P<bandwidth>[\d.]+) ?(?P<unit>[KMGT]?B)/sec \(avg: [^)]*\), +"
    r"(?P<latency>\S+) \(avg: +(?P<latency_avg>[^)\s]+)\) msec latency"
)
_NAMES = {
    "ops": "ops",
    "rate": "ops_per_sec",
    "rate_avg": "ops_per_sec_avg",
    "latency": "latency_ms",
    "latency_avg": "latency_ms_avg",
}
_BYTES = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
_ROWS = ("Sets", "Gets", "Totals")
_BETWEEN_COLUMNS = re.compile(r"\s{2,}")
_PERCENTILE = re.compile(r"p(\d+(?:\.\d+)?) Latency", re.ASCII)


class MemtierParser(LineParser):
    """`ops`, `ops_per_sec`, ... of the progress; `{sets,gets,totals}_{ops_per_sec,latency_avg,latency_p99,...}`."""

    _columns: tuple[str, ...] = ()

    def read(self, line: str) -> Iterator[Measurement]:
        if (progress := _PROGRESS.search(line)) is not None:
            for group, name in _NAMES.items():
                yield from self.measured(name, progress[group])
            amount = number(progress["bandwidth"])
            bandwidth = None if amount is None else amount * _BYTES[progress["unit"]]
            yield from self.measured("bandwidth_bytes_per_sec", bandwidth)
            return
        first, *cells = line.split() or [""]
        if first == "Type":
            titles = _BETWEEN_COLUMNS.split(line.strip())[1:]
            self._columns = tuple(map(_column, titles)) if "Ops/sec" in titles else ()
        elif first in _ROWS:
            for name, cell in zip(self._columns, cells, strict=False):
                if cell != "---":
                    yield from self.measured(f"{first.lower()}_{name}", cell)


def _column(title: str) -> str:
    """The name of a metric for the title of a column; one that the documents do not know is named alike."""
    if (percentile := _PERCENTILE.fullmatch(title)) is not None:
        return f"latency_{percentile_name(percentile[1])}"
    if title in ("Latency", "Avg. Latency"):
        return "latency_avg"
    return re.sub(r"\W+", "_", title.lower().replace("/sec", "_per_sec"))
