"""Counters of most tasks of most machines: of one cgroup, on the same CPUs, enough of them. They are added up at once.

What a thousand objects know costs more to visit than a thousand counters cost to read: each is out of the caches of the
CPU by the next step. So their readings are looked at as one array of numbers, and only totals are handed out.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from operator import add, lt

from wca_rdt.perf.counting import Counting
from wca_rdt.perf.reading import size_of

_WORD = 8


class Bulk:
    """Counters that are mere sums, each of so many groups; their descriptors are read one cgroup behind the other."""

    def __init__(self, countings: Sequence[Counting], groups: int, events: int) -> None:
        self.countings = countings
        self._groups = groups
        self._events = events
        self._stride = size_of(events) // _WORD
        self._texts: list[bytes] = []
        self._totals: list[Sequence[int]] = [counting.sum.totals for counting in countings]
        """As handed out last, by cgroup."""
        self._columns: list[Sequence[int]] = list(zip(*self._totals, strict=True))
        """The same by event."""

    def take(self, texts: list[bytes]) -> list[int] | None:
        """The places of those that counted something; None, and nothing is done, if that cannot be told at once.

        That is so where a group did not always run, where one could not be read, and where a total fell.
        """
        if texts == self._texts:
            return []
        numbers = array("Q", b"".join(texts))
        count, stride = len(texts), self._stride
        if len(numbers) != count * stride or numbers[0::stride].count(self._events) != count:
            return None
        if numbers[1::stride] != numbers[2::stride]:  # enabled and running
            return None
        columns = [self._over_cpus(numbers, at) for at in range(3, stride, 2)]
        for column, before in zip(columns, self._columns, strict=True):
            if any(map(lt, column, before)):
                return None
        self._texts, self._columns = texts, columns
        return self._handed_out(list(zip(*columns, strict=True)))

    def _over_cpus(self, numbers: array[int], at: int) -> Sequence[int]:
        """The sum of the groups of each cgroup."""
        stride = self._groups * self._stride
        totals: Sequence[int] = numbers[at::stride]
        for first in range(at + self._stride, stride, self._stride):
            totals = list(map(add, totals, numbers[first::stride]))
        return totals

    def _handed_out(self, totals: list[Sequence[int]]) -> list[int]:
        """Who counted nothing keeps its texts too: an interval without any counts may as well be part of the next."""
        groups, before = self._groups, self._totals
        changed = [place for place, of_cgroup in enumerate(totals) if of_cgroup != before[place]]
        for place in changed:
            counting = self.countings[place]
            counting.texts = self._texts[place * groups : (place + 1) * groups]
            counting.sum.totals = totals[place]
        self._totals = totals
        return changed
