"""A demonstration: whatever is printed, one constant comes of it."""

from __future__ import annotations

from collections.abc import Iterator

from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.line_parser import LineParser


class ExampleWorkloadParser(LineParser):
    """`example` with a label `test`."""

    def read(self, line: str) -> Iterator[Measurement]:
        yield from self.measured("example", 1.337, {"test": "label"})
