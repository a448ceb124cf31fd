"""Which values of a list changed since the step before, to the bit and to the type: 1 is not 1.0, 0.0 not -0.0."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from wca_core.errors import ContractError
from wca_core.model.metric import Value
from wca_record.columns import content
from wca_record.plain import LONGEST_DECIMAL

EXACT = pa.scalar(2.0**53)
"""Ints up to here are the same as a float."""
_TRUE = pa.scalar(True)
"""Made once: each time the library makes a scalar it looks whether numpy is installed now."""
_INT_OR_FLOAT = frozenset({int, float})


@dataclass(frozen=True, slots=True)
class Changed:
    """The values that are to be told: where they stand in the list, each as a float, and what a float does not say."""

    positions: pa.Array
    values: pa.Array
    """Ints beyond 2**53 are rounded, ints beyond all floats infinite."""
    integers: pa.Array
    exact: tuple[tuple[int, str], ...]
    """Ints beyond 2**53 among them: position in the list, and the int as text."""


class Values:
    """The values of the step before."""

    def __init__(self) -> None:
        self._bits = pa.array([], pa.int64())
        self._kinds: list[type] = []
        self._integers = pa.array([], pa.bool_())
        self._exact: dict[int, int] = {}
        """Ints beyond 2**53, by position."""

    def rearrange(self, origins: Sequence[int | None]) -> None:
        """Where each value of the next step stood in this one; None: nowhere, so it will be told."""
        places = pa.array(origins, pa.int64())
        self._bits, self._integers = self._bits.take(places), self._integers.take(places)
        self._kinds = []
        self._exact = {
            place: self._exact[at] for place, at in enumerate(origins) if at is not None and at in self._exact
        }

    def changed(self, values: Sequence[Value]) -> Changed:
        """Raises `ContractError` for what is neither int nor float."""
        kinds = list(map(type, values))
        if kinds != self._kinds:
            _check(kinds)
        buffer = pa.py_buffer(_doubles(values))
        bits, floats = (pa.Array.from_buffers(kind, len(values), [None, buffer]) for kind in (pa.int64(), pa.float64()))
        is_changed = pc.fill_null(pc.not_equal(bits, self._bits), _TRUE)
        if kinds != self._kinds:
            integers = pa.array([kind is int for kind in kinds], pa.bool_())
            is_changed = pc.or_(is_changed, pc.fill_null(pc.not_equal(integers, self._integers), _TRUE))
            self._kinds, self._integers = kinds, integers
        self._bits = bits
        exact = _exact(values, floats)
        if exact != self._exact:
            others = {at for at, _ in exact.items() ^ self._exact.items()}
            is_changed = pc.or_(is_changed, pa.array([at in others for at in range(len(values))]))
        self._exact = exact
        positions = pc.indices_nonzero(is_changed)
        told = tuple([(at, _text(value)) for at, value in exact.items() if is_changed[at].as_py()])
        return Changed(positions, floats.take(positions), self._integers.take(positions), told)


def _check(kinds: Iterable[type]) -> None:
    if not _INT_OR_FLOAT.issuperset(kinds):
        strange = next(kind for kind in kinds if kind not in _INT_OR_FLOAT)
        raise ContractError(f"values must be ints and floats, found {strange.__name__}")


def _doubles(values: Sequence[Value]) -> array[float]:
    try:
        return array("d", values)
    except OverflowError:
        return array("d", [_nearest(value) for value in values])


def _exact(values: Sequence[Value], floats: pa.Array) -> dict[int, int]:
    """The ints that a float need not hold, by position."""
    places = pc.indices_nonzero(pc.greater_equal(pc.abs(floats), EXACT))
    return {at: int(values[at]) for at in content(places, "Q") if type(values[at]) is int}


def _text(value: int) -> str:
    """Decimal, as long as Python reads that."""
    return str(value) if value.bit_length() <= LONGEST_DECIMAL else hex(value)


def _nearest(value: Value) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
