"""A list that changes from step to step, told as what changed: its members by number, and edits of their order.

Equal members have one number as long as one of them is in the list; one that comes back has a new one. So
neither the writer nor the reader remembers more than what is there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Generic, TypeVar

from wca_core.errors import ContractError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Edit:
    """How a list of numbers becomes another: what stands in `drop` goes, then runs are put in, in this order."""

    drop: tuple[int, ...]
    """Numbers, all occurrences of which go."""
    put: tuple[tuple[int, tuple[int, ...]], ...]
    """Places in the finished list, and what stands from there on."""

    def __bool__(self) -> bool:
        return bool(self.drop or self.put)

    def applied(self, old: Sequence[int]) -> list[int]:
        """Raises `ContractError` for a place beyond the end."""
        gone = set(self.drop)
        kept = iter([number for number in old if number not in gone] if gone else old)
        new: list[int] = []
        for place, run in self.put:
            while len(new) < place:
                try:
                    new.append(next(kept))
                except StopIteration:
                    raise ContractError(f"a list of {place} members expected, found {len(new)}") from None
            new.extend(run)
        new.extend(kept)
        return new


def edit(old: Sequence[int], new: Sequence[int]) -> Edit:
    """The smallest edit that makes `new` of `old`, both without repetitions."""
    stays = _in_order(old, new)
    put = []
    for is_kept, pairs in groupby(enumerate(new), key=lambda pair: pair[1] in stays):
        run = list(pairs)
        if not is_kept:
            put.append((run[0][0], tuple([number for _, number in run])))
    return Edit(tuple([number for number in old if number not in stays]), tuple(put))


def _in_order(old: Sequence[int], new: Sequence[int]) -> set[int]:
    """As many as possible that stand in both in the same order: the longest growing run of their places in `old`."""
    places = {number: at for at, number in enumerate(old)}
    kept = [places[number] for number in new if number in places]
    if kept == sorted(kept):
        return {old[at] for at in kept}
    ends: list[int] = []
    """Of the runs of each length the smallest last place."""
    before: dict[int, int | None] = {}
    for place in kept:
        length = bisect_left(ends, place)
        before[place] = ends[length - 1] if length else None
        ends[length : length + 1] = [place]
    found = set()
    last: int | None = ends[-1]
    while last is not None:
        found.add(old[last])
        last = before[last]
    return found


class Numbers(Generic[T]):
    """Gives the members of a list their numbers, and forgets those that left."""

    def __init__(self, key: Callable[[T], Hashable], define: Callable[[int, T], None]) -> None:
        """`key`: equal for equal members. `define(number, member)`: called for each that is new."""
        self._key = key
        self._define = define
        self._numbers: dict[Hashable, int] = {}
        self._known: dict[int, tuple[T, int]] = {}
        """By identity: the member itself, so that its identity stays its own, and its number."""
        self._next = 0
        self._seen: Sequence[T] | None = None
        self.order: list[int] = []

    def number(self, member: T) -> int:
        """The number of a member, which is defined if it is new."""
        known = self._known.get(id(member))
        if known is not None:
            return known[1]
        number = self._number(self._key(member), member)
        self._known[id(member)] = member, number
        return number

    def rearranged(self, members: Sequence[T]) -> Edit | None:
        """What changed since the last time; None: it is the same list, or lists the same."""
        if members is self._seen:
            return None
        self._seen = members
        new = [self.number(member) for member in members]
        if len(set(new)) < len(new):
            new = self._told_apart(members, new)
        change = edit(self.order, new)
        self.order = new
        return change or None

    def forget(self, also_kept: Iterable[int] = ()) -> None:
        """All that is neither in the list nor in `also_kept`."""
        kept = {*self.order, *also_kept}
        if len(kept) < max(len(self._numbers), len(self._known)):
            self._numbers = {key: number for key, number in self._numbers.items() if number in kept}
            self._known = {at: known for at, known in self._known.items() if known[1] in kept}

    def _number(self, key: Hashable, member: T) -> int:
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = self._next
            self._next += 1
            self._define(found, member)
        return found

    def _told_apart(self, members: Sequence[T], numbers: Sequence[int]) -> list[int]:
        """Equal members that stand in the list several times have each a number of their own."""
        times: Counter[int] = Counter()
        new = []
        for member, number in zip(members, numbers, strict=True):
            times[number] += 1
            again = times[number]
            new.append(number if again == 1 else self._number((self._key(member), again), member))
        return new
