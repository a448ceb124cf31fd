"""How wide the parts of the table are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wca_core.overview import TaskRow
from wca_core.overview.columns import Column, fitting, with_data

NARROWEST_NAME = 18
NARROWEST_SPARK, WIDEST_SPARK = 10, 40


@dataclass(frozen=True, slots=True)
class Widths:
    """In characters. `spark`: the line of CPU behind the column of CPU; 0 without that column."""

    name: int
    spark: int
    columns: Sequence[Column]

    @classmethod
    def of(cls, rows: Sequence[TaskRow], width: int) -> Widths:
        """The columns that have data and room; names get what they need, if it is there; sparks most of the rest."""
        columns = fitting(with_data(rows), width - NARROWEST_NAME - NARROWEST_SPARK - 1)
        left = width - sum(column.width + 1 for column in columns)
        if not any(column.key == "cpus" for column in columns):
            return cls(max(1, left), 0, columns)
        longest = max((len(row.name) for row in rows), default=0) + 2
        spark = max(NARROWEST_SPARK, min(WIDEST_SPARK, left - 1 - max(NARROWEST_NAME, longest)))
        return cls(max(1, left - spark - 1), spark, columns)

    def key_at(self, x: int) -> str:
        """What stands at this place of a line: the key of a column, or `name`."""
        end, key = self.name, "name"
        for column in self.columns:
            if x < end:
                break
            key = column.key
            end += column.width + 1 + (self.spark + 1 if key == "cpus" else 0)
        return key
