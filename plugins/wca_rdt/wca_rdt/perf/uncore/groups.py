"""Groups of counters of one PMU on one CPU: a PMU counts a group as a whole or not at all.

A group takes events as long as the kernel accepts them, the next one begins another group. What was asked for as one
set then takes turns, so whoever asked is told, unless there are metrics of several parts in it.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from wca_core.errors import HostError
from wca_rdt.perf.pmu import Encoding
from wca_rdt.perf.privileges import CURE
from wca_rdt.perf.reading import parse_reading, size_of
from wca_rdt.perf.scaling import Accumulator
from wca_rdt.perf.uncore.counters import Counter, PmuPlan
from wca_rdt.perf.uncore.kernel import Kernel
from wca_rdt.perf.uncore.kinds import counters_at_once

FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
STARVED_AFTER = 1_000_000_000
"""Nanoseconds. The kernel lets groups take turns of some milliseconds."""

HOPELESS = FORBIDDEN | {errno.ENOSYS}
"""What no other uncore event will fare better with."""

_REASONS = {
    **dict.fromkeys(FORBIDDEN, f"not permitted ({CURE})"),
    errno.EINVAL: "the PMU has no event of this encoding, or is not there for the socket of this CPU",
    errno.ENOENT: "this PMU has no such event",
    errno.EOPNOTSUPP: "this PMU has no such event",
    errno.ENODEV: "the PMU or the CPU has gone",
    errno.EBUSY: "somebody else uses the PMU exclusively",
    errno.ENOSYS: "this kernel has no perf events, or a seccomp profile hides them",
    errno.EMFILE: "too many open files (raise LimitNOFILE)",
    errno.ENFILE: "too many open files on this machine (sysctl fs.file-max)",
}


class Refusal(HostError):  # noqa: N818  what the kernel gave
    """The kernel does not open an event."""

    def __init__(self, message: str, counter: Counter, number: int) -> None:
        super().__init__(message)
        self.counter = counter
        self.is_hopeless = number in HOPELESS
        self.is_forbidden = number in FORBIDDEN


@dataclass(slots=True)
class Group:
    """Open counters, the leader's first."""

    descriptors: list[int] = field(default_factory=list)
    counters: list[int] = field(default_factory=list)
    """Of each event the place of its counter in the plan: several are parts of one."""
    accumulator: Accumulator = field(default_factory=lambda: Accumulator(0))
    is_starved: bool = False
    """It has never been on the counters of the PMU: its zeros say nothing."""

    def take(self, kernel: Kernel) -> None:
        """Read it. Raises `OSError`, `ValueError`."""
        events = len(self.descriptors)
        reading = parse_reading(kernel.read(self.descriptors[0], size_of(events)), events)
        self.is_starved = reading.enabled >= STARVED_AFTER and reading.running == 0
        self.accumulator.take(reading)

    def close(self, kernel: Kernel) -> None:
        """Members first, so that none is left without its leader. May be called twice."""
        while self.descriptors:
            with suppress(OSError):
                kernel.close(self.descriptors.pop())


def open_groups(kernel: Kernel, plan: PmuPlan, cpu: int) -> list[list[Group]]:
    """The groups of each set of a PMU on a CPU, counting; all or none. Raises `Refusal`."""
    found: list[list[Group]] = []
    place = 0
    try:
        for one in plan.sets:
            groups: list[Group] = []
            found.append(groups)
            for counter in one:
                for encoding in counter.parts:
                    _add(kernel, groups, _Wanted(plan, cpu, place, counter, encoding))
                place += 1
            for group in groups:
                _begin(kernel, group, _Wanted(plan, cpu, place - 1, one[0], one[0].parts[0]))
    except Refusal:
        for group in (group for groups in found for group in groups):
            group.close(kernel)
        raise
    return found


def why_several(plan: PmuPlan, groups_of_sets: Sequence[Sequence[Group]]) -> str:
    """Why a set had to be split that was to be counted as one; empty if none was."""
    if plan.counts_always:
        return ""
    for counters, groups in zip(plan.sets, groups_of_sets, strict=True):
        if len(groups) > 1 and all(len(counter.parts) == 1 for counter in counters):
            at_once = len(groups[0].counters)
            return (
                f"there is no room for {counters[at_once].metric.name} beside the events before it: "
                f"{len(counters)} events asked, {plan.pmu.name} counts {at_once} at once "
                "(make several lists of uncore_event_names)"
            )
    return ""


@dataclass(slots=True)
class _Wanted:
    """An event on its way to the kernel."""

    plan: PmuPlan
    cpu: int
    place: int
    counter: Counter
    encoding: Encoding

    def refused(self, error: OSError) -> Refusal:
        name = errno.errorcode.get(error.errno or 0, "?")
        reason = _REASONS.get(error.errno or 0, error.strerror)
        return Refusal(
            f"{self.plan.pmu.name}: the kernel refused {self.counter.metric.name} on CPU {self.cpu} "
            f"({name}, {self.encoding}): {reason}",
            self.counter,
            error.errno or 0,
        )


def _add(kernel: Kernel, groups: list[Group], wanted: _Wanted) -> None:
    """Open an event in the last group, or in one of its own if that is full."""
    try:
        if groups and _has_room(groups[-1], wanted.plan):
            try:
                _open(kernel, groups[-1], wanted)
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
            else:
                return
        group = Group()
        _open(kernel, group, wanted)
        groups.append(group)
    except OSError as error:
        raise wanted.refused(error) from error


def _has_room(group: Group, plan: PmuPlan) -> bool:
    """As far as the kernel does not say so itself."""
    at_once = counters_at_once(plan.pmu)
    return not plan.counts_always and (at_once is None or len(group.descriptors) < at_once)


def _open(kernel: Kernel, group: Group, wanted: _Wanted) -> None:
    leader = group.descriptors[0] if group.descriptors else None
    group.descriptors.append(kernel.open(wanted.encoding, wanted.cpu, leader))
    group.counters.append(wanted.place)


def _begin(kernel: Kernel, group: Group, wanted: _Wanted) -> None:
    group.accumulator = Accumulator(len(group.counters))
    try:
        kernel.begin(group.descriptors[0])
    except OSError as error:
        raise wanted.refused(error) from error
