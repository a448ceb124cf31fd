"""SPECjbb: the table of response times, whose columns are found by their names. Latency in microseconds."""

from __future__ import annotations

from collections.abc import Iterator

from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.line_parser import LineParser

ROW, COLUMN = "totalpurchase", "p99"


class SpecjbbParser(LineParser):
    """`p99_total_purchase`."""

    _is_in_table = False
    _column: int | None = None

    def read(self, line: str) -> Iterator[Measurement]:
        if line.strip() == "Response times:":
            self._is_in_table, self._column = True, None
        elif self._is_in_table and not line.strip():
            self._is_in_table = False
        elif self._is_in_table:
            yield from self._of_row([cell.strip().lower() for cell in line.split(",")])

    def _of_row(self, cells: list[str]) -> Iterator[Measurement]:
        if self._column is None:
            self._column = cells.index(COLUMN) if COLUMN in cells else None
        elif cells[0] == ROW:
            cell = cells[self._column] if self._column < len(cells) else None
            yield from self.measured("p99_total_purchase", cell)
