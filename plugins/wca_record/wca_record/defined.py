"""What a recording defines by number, and how much of it: recordings of others may define without end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Generic, TypeVar

from wca_core.errors import ContractError
from wca_record import schema
from wca_record.listing import Edit

T = TypeVar("T")

LONGEST = 1 << 24
"""Characters of a definition."""
MOST_WEIGHT = 1 << 29
"""Bytes that the definitions of a kind may take, at most: a million series."""


def weight_of(text: str) -> int:
    """What a JSON text takes at most as Python objects [bytes]. Raises `ContractError` for one without end."""
    if len(text) > LONGEST:
        raise ContractError(f"a definition of {len(text)} characters")
    return 300 + len(text) + 40 * text.count(",") + 60 * (text.count("[") + text.count("{"))


class Defined(Generic[T]):
    """A list whose members are defined by number before they are in it."""

    def __init__(self) -> None:
        self.by_number: dict[int, T] = {}
        self.order: list[int] = []
        self.members: list[T] = []
        self._weights: dict[int, int] = {}
        self._weight = 0

    def define(self, number: int, text: str, make: Callable[[str], T]) -> None:
        """`make`: the member of its text. Raises `ContractError`, also if too much is defined."""
        weight = weight_of(text)
        self._weight += weight - self._weights.get(number, 0)
        if self._weight > MOST_WEIGHT:
            raise ContractError("more is defined at a time than is read")
        self.by_number[number] = make(text)
        self._weights[number] = weight

    def edit(self, text: str) -> None:
        """Raises `ContractError` for a number that was not defined, and for a list without end."""
        weight_of(text)
        found = json.loads(text)
        change = Edit(tuple(found["drop"]), tuple((place, tuple(run)) for place, run in found["put"]))
        self.order = change.applied(self.order)
        if len(self.order) > schema.MOST_ROWS_READ:
            raise ContractError(f"a list of {len(self.order)} members")
        try:
            self.members = [self.by_number[number] for number in self.order]
        except KeyError as error:
            raise ContractError(f"number {error} is in a list and was not defined") from error

    def forget(self, kept: frozenset[int] | set[int] = frozenset()) -> None:
        """What is neither in the list nor kept by others."""
        if len(self.by_number) > len(self.order) + len(kept):
            wanted = kept.union(self.order)
            self.by_number = {number: one for number, one in self.by_number.items() if number in wanted}
            self._weights = {number: weight for number, weight in self._weights.items() if number in wanted}
            self._weight = sum(self._weights.values())
