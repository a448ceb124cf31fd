"""Counters that never fall, made of the kernel's, which begin again with each group they are read from.

| the kernel's number | the counter |
|---|---|
| grows | grows as much |
| is smaller than before: it was reset | grows by the new number |
| is of a new group | grows by the new number |
| is missing | stays |
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TypeAlias

from wca_rdt.resctrl.information import LOCAL, OCCUPANCY, TOTAL
from wca_rdt.resctrl.values import Reading

Place: TypeAlias = tuple[str, int]
"""An event, and the L3 cache or package where it is counted."""

Number: TypeAlias = int | float


class Accumulator:
    """One counter."""

    __slots__ = ("_base", "_last")

    def __init__(self) -> None:
        self._base: Number = 0
        self._last: Number = 0

    @property
    def value(self) -> Number:
        return self._base + self._last

    def take(self, number: Number) -> None:
        """The kernel's counter stands at this number now."""
        if number < self._last:
            self._base += self._last
        self._last = number

    def restart(self) -> None:
        """The kernel's next number is of another counter, which began at 0."""
        self._base += self._last
        self._last = 0


class _Remote:
    """What was moved from or to memory elsewhere: how much more total grew than local, where both are known."""

    __slots__ = ("_local", "_total", "value")

    def __init__(self) -> None:
        self.value: Number = 0
        self._total: Number = 0
        self._local: Number = 0

    def take(self, total: Number, local: Number) -> None:
        """Both counters; they are read one after the other, so local may seem to have grown more."""
        self.value += max(0, (total - self._total) - (local - self._local))
        self._total, self._local = total, local


class Counted:
    """Everything counted for one task or group."""

    __slots__ = ("_counters", "_remote", "occupancy")

    def __init__(self) -> None:
        self._counters: defaultdict[str, dict[int, Accumulator]] = defaultdict(dict)
        self._remote: dict[int, _Remote] = {}
        self.occupancy: dict[int, Number] = {}
        """By L3 cache, in this step [bytes]: only those with a valid value."""

    def take(self, readings: Mapping[Place, Reading]) -> None:
        """The readings of one step; words among them count as missing."""
        occupancy, counters = {}, self._counters
        for (event, domain), reading in readings.items():
            if isinstance(reading, str):
                continue
            if event == OCCUPANCY:
                occupancy[domain] = reading
                continue
            counter = counters[event].get(domain)
            if counter is None:
                counter = counters[event][domain] = Accumulator()
            counter.take(reading)
        self.occupancy = occupancy
        if counters[LOCAL]:
            self._take_remote(readings)

    def restart(self) -> None:
        """Whatever is read next is of another group."""
        self.occupancy = {}
        for counters in self._counters.values():
            for counter in counters.values():
                counter.restart()

    def of(self, event: str) -> dict[int, Number]:
        """A counter by domain; empty until a number was read."""
        return {domain: counter.value for domain, counter in self._counters[event].items()}

    @property
    def remote(self) -> dict[int, Number]:
        """By domain; empty until total and local were read together."""
        return {domain: remote.value for domain, remote in self._remote.items()}

    def _take_remote(self, readings: Mapping[Place, Reading]) -> None:
        for domain, local in self._counters[LOCAL].items():
            total = self._counters[TOTAL].get(domain)
            if total is None or isinstance(readings.get((LOCAL, domain), ""), str):
                continue
            if not isinstance(readings.get((TOTAL, domain), ""), str):
                if domain not in self._remote:
                    self._remote[domain] = _Remote()
                self._remote[domain].take(total.value, local.value)
