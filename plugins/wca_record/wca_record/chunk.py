"""A chunk in the making: definitions and changed values of some steps, until they become one record batch."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from wca_record.changes import Changed
from wca_record.schema import COLUMNS, KINDS, MOST_ROWS, MOST_TEXT, NO_NUMBER, VALUE
from wca_record.words import Vocabulary

NUMBERS = 2
"""Of the columns of value rows, which begin with step and time."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The step that rows belong to."""

    number: int
    now: float

    @property
    def microseconds(self) -> int:
        """Unix time; of a clock that is out of all bounds 0."""
        scaled = self.now * 1e6
        return round(scaled) if abs(scaled) < 2**62 else 0


@dataclass(frozen=True, slots=True)
class SeriesColumns:
    """What rows of a list of series have in common, by place in the list; codes of `Words`."""

    numbers: pa.Array
    tasks: pa.Array
    metrics: pa.Array
    labels: pa.Array

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int | None, int, int | None]]) -> SeriesColumns:
        columns = list(zip(*rows, strict=True)) or [()] * 4
        return cls(*[pa.array(column, pa.int32()) for column in columns])

    def taken(self, positions: pa.Array) -> list[pa.Array]:
        return [column.take(positions) for column in (self.numbers, self.tasks, self.metrics, self.labels)]


@dataclass(slots=True)
class Row:
    """A definition."""

    kind: str
    moment: Moment
    number: int = NO_NUMBER
    task: int | None = None
    metric: int | None = None
    labels: int | None = None
    value: float | None = None
    text: str | None = None


class Chunk:
    """Rows of some steps."""

    def __init__(self, words: Vocabulary) -> None:
        self._words = words
        self._rows: list[Row] = []
        self._parts: list[list[pa.Array]] = []
        self._value_rows = 0
        self._characters = 0
        """Of the definitions."""
        self.steps = 0

    @property
    def is_full(self) -> bool:
        return len(self._rows) + self._value_rows >= MOST_ROWS or self._characters >= MOST_TEXT

    def define(self, row: Row) -> None:
        self._rows.append(row)
        self._characters += len(row.text or "")

    def add_values(self, moment: Moment, columns: SeriesColumns, changed: Changed) -> None:
        count = len(changed.positions)
        if count == 0:
            return
        texts = dict(changed.exact)
        exact = [texts.get(at) for at in changed.positions.to_pylist()] if texts else None
        self._value_rows += count
        self._parts.append(
            [
                _repeated(moment.number, count),
                _repeated(moment.microseconds, count),
                *columns.taken(changed.positions),
                changed.values,
                changed.integers,
                pa.array(exact, pa.string()) if exact else pa.nulls(count, pa.string()),
            ]
        )

    def batch(self) -> pa.RecordBatch:
        """All rows: definitions as they came, behind them values by series and step."""
        parts = [_definitions(self._rows), *([self._values()] if self._parts else [])]
        joined = [pa.concat_arrays(column) for column in zip(*parts, strict=True)]
        kinds, steps, times, numbers, tasks, metrics, labels, values, integers, texts = joined
        words = self._words
        columns = [
            words.kinds.column(kinds),
            steps,
            times.cast(pa.timestamp("us", tz="UTC")),
            numbers,
            words.tasks.column(tasks),
            words.metrics.column(metrics),
            words.labels.column(labels),
            values,
            integers,
            texts,
        ]
        return pa.record_batch(columns, schema=COLUMNS)

    def _values(self) -> list[pa.Array]:
        columns = [pa.concat_arrays(column) for column in zip(*self._parts, strict=True)]
        order = pc.sort_indices(columns[NUMBERS])  # a stable sort: the steps of a series keep their order
        kinds = pa.repeat(pa.scalar(KINDS.index(VALUE), pa.int32()), self._value_rows)
        return [kinds, *[column.take(order) for column in columns]]


def _repeated(number: int, count: int) -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), count, [None, pa.py_buffer(array("q", [number]) * count)])


def _definitions(rows: Sequence[Row]) -> list[pa.Array]:
    return [
        pa.array([KINDS.index(row.kind) for row in rows], pa.int32()),
        pa.array([row.moment.number for row in rows], pa.int64()),
        pa.array([row.moment.microseconds for row in rows], pa.int64()),
        pa.array([row.number for row in rows], pa.int32()),
        pa.array([row.task for row in rows], pa.int32()),
        pa.array([row.metric for row in rows], pa.int32()),
        pa.array([row.labels for row in rows], pa.int32()),
        pa.array([row.value for row in rows], pa.float64()),
        pa.array([False] * len(rows), pa.bool_()),
        pa.array([row.text for row in rows], pa.string()),
    ]
