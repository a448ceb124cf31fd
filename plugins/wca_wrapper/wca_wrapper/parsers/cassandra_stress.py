"""cassandra-stress: the results at the end of a run. Latency in milliseconds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.line_parser import LineParser

_RATE = re.compile(r"Op rate\s*:\s*(\S+) op/s")
_LATENCY = re.compile(r"Latency 99th percentile\s*:\s*(\S+)")


class CassandraStressParser(LineParser):
    """`qps` and `p99`."""

    end_marker: ClassVar[str | None] = "Stop-Cassandra-Stress-Now"

    def read(self, line: str) -> Iterator[Measurement]:
        for pattern, name in ((_RATE, "qps"), (_LATENCY, "p99")):
            if (found := pattern.search(line)) is not None:
                yield from self.measured(name, found[1].replace(",", ""))
