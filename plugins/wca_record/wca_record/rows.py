"""The rows of a record batch as plain Python values, by step; fast, as a replay waits for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from wca_core.model.metric import Value
from wca_record.columns import content
from wca_record.schema import VALUE

AT_ONCE = 10_000
"""Rows that are Python objects at a time."""


@dataclass(frozen=True, slots=True)
class StepValues:
    """What changed in one step: numbers of series and their values, one beside the other."""

    numbers: list[int]
    values: list[Value]


class Definition(NamedTuple):
    """A row that is no value."""

    kind: str
    step: int
    number: int
    value: float
    text: str


def definitions(batch: pa.RecordBatch) -> Iterator[Definition]:
    """The rows that are no values, in their order."""
    rows = batch.filter(pc.invert(_are_values(batch)))
    kinds = rows["kind"].dictionary.to_pylist()
    for start in range(0, len(rows), AT_ONCE):
        part = rows.slice(start, AT_ONCE)
        yield from map(
            Definition,
            [kinds[code] for code in content(part["kind"].indices, "i")],
            content(part["step"], "q"),
            content(part["number"], "i"),
            content(part["value"], "d"),
            part["text"].to_pylist(),
        )


def values_by_step(batch: pa.RecordBatch) -> Mapping[int, StepValues]:
    """Raises `ValueError` for a text that is no int."""
    rows = batch.filter(pc.and_(_are_values(batch), pc.is_valid(batch["value"])))
    values = _values(rows)
    steps, numbers = content(rows["step"], "q"), content(rows["number"], "i")
    found: defaultdict[int, StepValues] = defaultdict(lambda: StepValues([], []))
    for step, number, value in zip(steps, numbers, values, strict=True):
        of_step = found[step]
        of_step.numbers.append(number)
        of_step.values.append(value)
    return found


def _are_values(batch: pa.RecordBatch) -> pa.Array:
    """By the codes of the dictionary: its words may be long, and written out a thousand times the file."""
    kinds = batch["kind"]
    codes = [code for code, kind in enumerate(kinds.dictionary.to_pylist()) if kind == VALUE]
    return pc.is_in(kinds.indices, pa.array(codes, pa.int32()))


def _values(rows: pa.RecordBatch) -> list[Value]:
    floats: list[float] = content(rows["value"], "d")
    are_ints = content(rows["integer"].cast(pa.uint8()), "B")
    exact = _exact(rows)
    values: list[Value] = [
        int(value) if is_int and at not in exact else value
        for at, (value, is_int) in enumerate(zip(floats, are_ints, strict=True))
    ]
    for at, value in exact.items():
        values[at] = value
    return values


def _exact(rows: pa.RecordBatch) -> dict[int, int]:
    """Ints that a float does not hold, by row."""
    text = rows["text"]
    if text.null_count == len(text):
        return {}
    return {at: int(one, 0) for at, one in enumerate(text.to_pylist()) if one is not None}
