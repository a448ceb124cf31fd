"""Whether counters count: a known work is done, and what they say of it is held against what it must be.

Virtual machines may offer counters that stand still, or that answer anything. The work is such that a lower bound of
its instructions is known whatever the machine: to add up n numbers takes at least n of them.

Others may count at the same time, and let this group have a counter for a part of the work only, or for none of it.
So what is judged is extrapolated, and of a time in which the group did not run nothing is concluded.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from wca_rdt.perf.opening import Form, close_all
from wca_rdt.perf.reading import Reading, parse_reading
from wca_rdt.perf.scaling import scaled
from wca_rdt.perf.syscall import ANY_CPU, OWN_PID, Step, take

LEAST_SECONDS = 0.01
"""Of work, on a CPU: the kernel lets groups take turns every few milliseconds, so one that can run has run by then."""

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
    """Both took together, by the clock on the wall: no shorter than the counters ran."""

    @property
    def never_ran(self) -> bool:
        return self.second.running == 0

    def fault(self, name: str, place: int) -> str:
        """What is wrong with a counter; empty if nothing."""
        both = self.second.values[place]
        if both > FASTEST * self.seconds:
            return f"it counted {both} in {self.seconds:.3f} s, which no CPU can"
        if name not in MOVING:
            return ""
        first, second = _counted(None, self.first, place), _counted(self.first, self.second, place)
        if 0 in (first, second):
            return "it stands still while work is done"
        if name == INSTRUCTIONS and first is not None and first < self.units * UNIT:
            return f"it counted {first} for work of at least {self.units * UNIT}"
        if first is not None and second is not None and second < first:
            return f"it counted {first} for some work and {second} for {MORE} times as much"
        return ""


def _counted(before: Reading | None, now: Reading, place: int) -> int | None:
    """Between two readings, extrapolated; None: the group did not run."""
    if before is None:
        before = Reading(0, 0, (0,) * len(now.values))
    running = now.running - before.running
    if running <= 0:
        return None
    return scaled(now.values[place] - before.values[place], now.enabled - before.enabled, running)


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
    worked = time.thread_time()
    units = 0
    while units == 0 or time.thread_time() - worked < LEAST_SECONDS:
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
