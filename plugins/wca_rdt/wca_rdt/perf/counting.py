"""From readings of groups to what was counted so far: pure, nothing is read here.

While every group ran whenever it was enabled, which is so as long as there are counters enough, what was counted is
simply what is read. From the first interval in which groups took turns on, what each interval adds is scaled and
added up.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import add, lt, sub
from typing import TypeAlias

from wca_rdt.perf.reading import layout, parse_reading, size_of
from wca_rdt.perf.scaling import scaled

ALL_CPUS = -1
"""Stands for them where they are added up."""


@dataclass(slots=True)
class Counted:
    """On one CPU or on all."""

    totals: Sequence[int]
    """Since the beginning, by the places of the events."""
    average: float = 1.0
    """Of the factors of this interval, over the groups that ran in it; 1 if none did."""
    maximum: float = 1.0


Counts: TypeAlias = Mapping[int, Counted]
"""By CPU, or of `ALL_CPUS`."""


@dataclass(frozen=True, slots=True)
class Member:
    """One group: its CPU, and the places of its events among all."""

    cpu: int
    places: tuple[int, ...]

    @property
    def nothing(self) -> bytes:
        """The reading of it before it begins."""
        return len(self.places).to_bytes(8, sys.byteorder).ljust(size_of(len(self.places)), b"\0")

    def parsed(self, text: bytes) -> tuple[int, ...]:
        """The number of its events, both times and the values. Raises `ValueError` if that is no reading of it."""
        reading = parse_reading(text, len(self.places))
        return len(reading.values), reading.enabled, reading.running, *reading.values


class Counting:
    """The groups of one cgroup. What a group counted stays counted when it is removed."""

    __slots__ = (
        *("_events", "_is_aggregated", "_is_plain", "_layout", "_members", "_readings", "_totals"),
        *("broken", "counted", "errors", "is_steady", "sum", "texts"),
    )

    def __init__(self, events: int, *, aggregates: bool) -> None:
        self.counted: Counts = {}
        """By CPU, or of `ALL_CPUS`, as last taken; until more is taken."""
        self.sum = Counted((0,) * events)
        """What is told of all CPUs as long as all groups have always run."""
        self.is_steady = False
        """Whether the same readings once more would change nothing: factors are of the last interval only."""
        self.texts: list[bytes] = []
        """As last taken."""
        self.errors = 0
        """Intervals in which something was to be counted, but a group never ran, and groups that broke."""
        self.broken: list[int] = []
        """Places of groups whose last text was no reading of theirs; nothing is counted of them."""
        self._events = events
        self._layout = layout(events)
        self._is_aggregated = aggregates
        self._is_plain = aggregates
        """What was counted is what is read, and `_totals` only what was counted by groups that were removed."""
        self._members: list[Member] = []
        self._readings: list[Sequence[int]] = []
        """By group, as last taken, the number of its events, both times and the values. Only if not plain."""
        self._totals: dict[int, list[int]] = {ALL_CPUS: [0] * events} if aggregates else {}
        """By CPU, or of `ALL_CPUS`; those of CPUs that have no group any more stay. Never changed, but replaced."""

    def add(self, members: Sequence[Member]) -> None:
        """Groups that begin with 0."""
        if self._is_plain and any(len(member.places) != self._events for member in members):
            self._begin_to_scale()
        for member in members:
            self._members.append(member)
            self.texts.append(member.nothing)
            if not self._is_plain:
                self._readings.append(member.parsed(member.nothing))
                self._totals.setdefault(self._key(member), [0] * self._events)
        self._look_again()

    def remove(self, at: int) -> None:
        """The group at this place."""
        member, text = self._members.pop(at), self.texts.pop(at)
        if self._is_plain:
            self._totals[ALL_CPUS] = [*map(add, self._totals[ALL_CPUS], member.parsed(text)[3:])]
        else:
            del self._readings[at]
        self._look_again()

    def take(self, texts: list[bytes]) -> None:
        """Count what these readings of all groups add to the last ones."""
        if self._is_plain:
            if self._is_taken_plainly(texts):
                return
            self._begin_to_scale()
        self.broken = []
        before, self.texts = self.texts, texts
        factors = [(at, self._take_one(at, text)) for at, text in enumerate(texts) if text != before[at]]
        if factors or not self.is_steady:
            self._tell(factors)

    @property
    def is_mere_sum(self) -> bool:
        """Whether what was counted is the sum of what is read."""
        return self._is_plain and not any(self._totals[ALL_CPUS])

    @property
    def kept(self) -> Counts:
        """What groups that were removed had counted."""
        return {key: Counted(totals) for key, totals in self._totals.items()}

    def _is_taken_plainly(self, texts: list[bytes]) -> bool:
        """Whether all groups have always run, and nothing fell: then the sum of their readings is what was counted.

        Readings are added as the large numbers that their bytes are, in half the time that it takes to add each
        counter. The sum is a reading again, whose number of events tells whether one was missing. Nothing is carried
        over into what matters, since behind each counter stands its id.
        """
        added = sum(map(int.from_bytes, texts, repeat(sys.byteorder)))
        number, enabled, running, *totals = self._layout.unpack(added.to_bytes(size_of(self._events), sys.byteorder))
        if enabled != running or number != self._events * len(texts):
            return False
        removed = self._totals[ALL_CPUS]
        if any(removed):
            totals = [*map(add, totals, removed)]
        if any(map(lt, totals, self.sum.totals)):
            return False
        self.sum.totals = totals
        self.texts, self.is_steady = texts, True
        return True

    def _begin_to_scale(self) -> None:
        self._is_plain = self.is_steady = False
        self._readings = [member.parsed(text) for member, text in zip(self._members, self.texts, strict=True)]
        for reading in self._readings:
            self._totals[ALL_CPUS] = [*map(add, self._totals[ALL_CPUS], reading[3:])]

    def _look_again(self) -> None:
        """Groups came or went."""
        self.is_steady = False
        if self._is_plain:
            self.counted = {ALL_CPUS: self.sum} if self._members else {}

    def _take_one(self, at: int, text: bytes) -> float:
        """The factor of the group in this interval; 0 if it did not run.

        A counter that fell, which only a fault of kernel or hardware makes it do, adds nothing.
        """
        member, before = self._members[at], self._readings[at]
        try:
            reading = member.parsed(text)
        except ValueError:
            self.broken.append(at)
            self.errors += 1
            return 0.0
        self._readings[at] = reading
        _, enabled, running, *counts = map(sub, reading, before)
        if running <= 0 or enabled <= 0:
            self.errors += enabled > 0
            return 0.0
        key = self._key(member)
        totals = self._totals[key] = self._totals[key].copy()
        for place, count in zip(member.places, counts, strict=True):
            totals[place] += scaled(max(0, count), enabled, running)
        return float(enabled / running)

    def _tell(self, factors: Sequence[tuple[int, float]]) -> None:
        """`factors`: by place of the group; 0 of one that did not run."""
        ran = [factor for _, factor in factors if factor]
        self.is_steady = not ran or max(ran) == 1 == min(ran)
        if self._is_aggregated:
            self.counted = {ALL_CPUS: self._counted(ALL_CPUS, ran)} if self._members else {}
            return
        by_cpu: dict[int, list[float]] = {member.cpu: [] for member in self._members}
        for at, factor in factors:
            if factor:
                by_cpu[self._members[at].cpu].append(factor)
        self.counted = {cpu: self._counted(cpu, ran) for cpu, ran in by_cpu.items()}

    def _counted(self, key: int, factors: Sequence[float]) -> Counted:
        totals = self._totals[key]
        return Counted(totals, sum(factors) / len(factors), max(factors)) if factors else Counted(totals)

    def _key(self, member: Member) -> int:
        return ALL_CPUS if self._is_aggregated else member.cpu
