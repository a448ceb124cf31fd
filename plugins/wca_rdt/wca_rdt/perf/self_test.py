"""Whether counters count: a known work is done, and what they say of it is held against what it must be.

Virtual machines may offer counters that stand still, or that answer anything. The work is such that a lower bound of
its instructions is known whatever the machine: to add up n numbers takes at least n of them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from wca_rdt.perf.opening import Form, close_all
from wca_rdt.perf.reading import Reading, parse_reading
from wca_rdt.perf.syscall import ANY_CPU, OWN_PID, Step, take

LEAST_SECONDS = 0.01
"""Of work: the kernel lets groups take turns every few milliseconds, so one that can run has run by then."""

UNIT = 10_000
"""Numbers that are added up at once."""

MORE = 3
"""So many times the first work is the second."""

INSTRUCTIONS = "task_instructions"
MOVING = frozenset({INSTRUCTIONS, "task_cycles", "task_branch_instructions", "task_ref_cycles"})
"""No work leaves these at 0."""

FASTEST = 1e11
"""Instructions, cycles or anything else in a second: no CPU comes near."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A group at the end of a first and of a second, larger work."""

    first: Reading
    second: Reading
    units: int
    """Of the first work."""
    seconds: float
    """Both took together."""

    @property
    def never_ran(self) -> bool:
        return self.second.running == 0

    def fault(self, name: str, place: int) -> str:
        """What is wrong with a counter; empty if nothing."""
        first, both = self.first.values[place], self.second.values[place]
        if both > FASTEST * self.seconds:
            return f"it counted {both} in {self.seconds:.3f} s, which no CPU can"
        if name not in MOVING:
            return ""
        if first == 0 or both == first:
            return "it stands still while work is done"
        if name == INSTRUCTIONS and first < self.units * UNIT:
            return f"it counted {first} for work of at least {self.units * UNIT}"
        if both - first < first:
            return f"it counted {first} for some work and {both - first} for {MORE} times as much"
        return ""


def observe(form: Form) -> Observation:
    """What a group counts of this thread. Raises `OSError`, `ValueError`."""
    descriptors = form.open(OWN_PID, ANY_CPU)
    try:
        return _observed(descriptors[0], form)
    finally:
        close_all(reversed(descriptors))


def _observed(leader: int, form: Form) -> Observation:
    events = len(form.places)
    take(Step.RESET, leader)
    take(Step.ENABLE, leader)
    began = time.perf_counter()
    units = 0
    while units == 0 or time.perf_counter() - began < LEAST_SECONDS:
        _work(1)
        units += 1
    first = parse_reading(os.read(leader, form.size), events)
    _work(MORE * units)
    second = parse_reading(os.read(leader, form.size), events)
    return Observation(first, second, units, time.perf_counter() - began)


def _work(units: int) -> None:
    for _ in range(units):
        sum(range(UNIT))


def faults(observation: Observation, names: Sequence[str]) -> dict[str, str]:
    """By name of the event, in the order of the group; only of those with a fault."""
    found = {name: observation.fault(name, place) for place, name in enumerate(names)}
    return {name: fault for name, fault in found.items() if fault}
