"""Counters of most tasks of most machines: of one cgroup, on the same CPUs, enough of them. They are added up at once.

What a thousand objects know costs more to visit than a thousand counters cost to read: each is out of the caches of the
CPU by the next step. So their readings are looked at as one array of numbers, and only totals are handed out.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from operator import add

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

    def take(self, texts: list[bytes]) -> list[int] | None:
        """The places of those that counted something; None, and nothing is done, unless all groups have always run."""
        if texts == self._texts:
            return []
        numbers = array("Q")
        numbers.frombytes(b"".join(texts))
        count, stride = len(texts), self._stride
        if len(numbers) != count * stride or numbers[0::stride].count(self._events) != count:
            return None
        if numbers[1::stride] != numbers[2::stride]:  # enabled and running
            return None
        self._texts = texts
        columns = [self._over_cpus(numbers[at::stride]) for at in range(3, stride, 2)]
        return self._handed_out(zip(*columns, strict=True))

    def _over_cpus(self, values: array[int]) -> Sequence[int]:
        """The sum of the groups of each cgroup."""
        groups = self._groups
        totals: Sequence[int] = values[0::groups]
        for group in range(1, groups):
            totals = list(map(add, totals, values[group::groups]))
        return totals

    def _handed_out(self, totals: Iterable[Sequence[int]]) -> list[int]:
        groups, texts = self._groups, self._texts
        changed = []
        for place, (counting, of_cgroup) in enumerate(zip(self.countings, totals, strict=True)):
            counting.texts = texts[place * groups : (place + 1) * groups]
            if of_cgroup != counting.sum.totals:
                counting.sum.totals = of_cgroup
                changed.append(place)
        return changed
