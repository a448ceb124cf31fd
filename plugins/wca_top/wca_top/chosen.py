"""Which tasks are shown, in which order: what the keys have changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wca_core.overview import TaskRow
from wca_core.overview.columns import COLUMNS, Column, in_order

BY_NAME = "name"
_ORDER = (*(column.key for column in COLUMNS), BY_NAME)


@dataclass(slots=True)
class Choice:
    """Filter and order."""

    pattern: str = ""
    sorted_by: str = COLUMNS[0].key
    is_reversed: bool = False

    @property
    def column(self) -> Column | None:
        """None: by name."""
        return next((column for column in COLUMNS if column.key == self.sorted_by), None)

    @property
    def title(self) -> str:
        column = self.column
        arrow = "▲" if self.is_reversed else "▼"
        return f"{column.title if column else 'TASK'}{arrow}"

    def sort(self, key: str) -> None:
        """By another column, the highest first; once more by the same one turns it round."""
        self.is_reversed = not self.is_reversed if key == self.sorted_by else False
        self.sorted_by = key

    def sort_beside(self, step: int, there: Sequence[Column]) -> None:
        """By the next column of those that are there."""
        keys = [key for key in _ORDER if key == BY_NAME or any(column.key == key for column in there)]
        at = keys.index(self.sorted_by) if self.sorted_by in keys else 0
        self.sorted_by, self.is_reversed = keys[(at + step) % len(keys)], False

    def of(self, rows: Iterable[TaskRow]) -> list[TaskRow]:
        wanted = self.pattern.casefold()
        found = (row for row in rows if not wanted or any(wanted in text.casefold() for text in _texts(row)))
        return in_order(found, self.column, ascending=self.is_reversed)


def _texts(row: TaskRow) -> Iterable[str]:
    yield row.name
    yield row.task_id
    for name, value in row.labels.items():
        yield f"{name}={value}"
