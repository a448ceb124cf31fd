"""One PMU that is read in every step: its groups on each of its CPUs, and what they have counted for each socket.

What was counted stays counted when the groups must be opened again, so no counter ever falls:

| what happens | what is done |
|---|---|
| a read fails | the PMU gives nothing in this step; after 10 in a row its groups are opened again |
| its `cpumask` changes, a CPU goes | a last read, then it is opened on the CPUs it now names |
| it cannot be opened again | tried again in every step |
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from wca_core.errors import HostError
from wca_core.linux.files import OpenFiles
from wca_core.model.metric import Series, Value
from wca_rdt.perf.uncore.counters import PmuPlan
from wca_rdt.perf.uncore.cpumask import Cpumask
from wca_rdt.perf.uncore.descriptions import SCALING
from wca_rdt.perf.uncore.groups import Group, open_groups, why_several
from wca_rdt.perf.uncore.kernel import Kernel

FAILURES_BEFORE_REOPENING = 10


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a PMU is opened with; the same for all."""

    kernel: Kernel
    sys: str
    open_files: OpenFiles


@dataclass(slots=True)
class Leaf:
    """What one PMU counted for one socket. `values[i]` is of `series[i]`; the last one is the scaling factor."""

    socket: int
    series: tuple[Series, ...]
    values: list[Value]


class Unit:
    """One PMU. `sockets`: by CPU the socket it is in."""

    def __init__(self, plan: PmuPlan, around: Surroundings) -> None:
        self.plan = plan
        self._around = around
        self._counters = plan.counters
        self._converts = any(counter.factor != 1.0 for counter in self._counters)
        self._mask = Cpumask(plan.pmu, around.sys, around.open_files)
        self._mask_text = b""
        self._sockets: Mapping[int, int] = {}
        self._groups: dict[int, list[Group]] = {}
        self._carried: dict[int, list[int]] = {}
        """By socket, what groups that are closed had counted."""
        self._series: dict[int, tuple[Series, ...]] = {}
        self._failures = 0
        self.split_reason = ""
        """Why a set was split into groups that take turns; empty if none was."""

    def open(self, sockets: Mapping[int, int]) -> None:
        """Count on the CPUs that its `cpumask` names, without one on the first CPU of each socket.

        Raises `HostError`: a `Refusal` if the kernel does not open an event.
        """
        try:
            self._mask_text = self._mask.read()
            self._sockets = sockets
            for cpu in self._mask.cpus(self._mask_text, sockets):
                by_set = open_groups(self._around.kernel, self.plan, cpu)
                self._groups[cpu] = [group for groups in by_set for group in groups]
                self._around.open_files.count += self._descriptors(cpu)
                self.split_reason = self.split_reason or why_several(self.plan, by_set)
        except OSError as error:
            raise HostError(f"{self.plan.pmu.name}: its cpumask cannot be read: {error.strerror}") from error
        except HostError:
            self._close_groups()
            raise

    def read(self, sockets: Mapping[int, int]) -> list[Leaf]:
        """What was counted until now, by socket. Raises `HostError` if that cannot be told in this step."""
        try:
            self._follow(sockets)
            for groups in self._groups.values():
                for group in groups:
                    group.take(self._around.kernel)
        except (OSError, ValueError) as error:
            self._failures += 1
            if self._failures >= FAILURES_BEFORE_REOPENING:
                self._failures = 0
                self._fold()
            reason = error.strerror if isinstance(error, OSError) else error
            raise HostError(f"{self.plan.pmu.name} cannot be read: {reason}") from error
        self._failures = 0
        if any(group.is_starved for groups in self._groups.values() for group in groups):
            raise HostError(
                f"{self.plan.pmu.name} counts nothing of some events: too many for its counters, or somebody else has "
                "them (make several lists of uncore_event_names, ask who runs perf)"
            )
        return self._leaves()

    def close(self) -> None:
        """Stop counting. May be called twice."""
        self._close_groups()
        self._mask.close()

    def _follow(self, sockets: Mapping[int, int]) -> None:
        """Be open on the CPUs that the PMU names now. Raises `OSError`, `HostError`."""
        if self._groups:
            mask = self._mask.read()
            if mask == self._mask_text and sockets is self._sockets:
                return
            if {cpu: self._sockets[cpu] for cpu in self._groups} == {
                cpu: sockets[cpu] for cpu in self._mask.cpus(mask, sockets)
            }:
                self._mask_text, self._sockets = mask, sockets
                return
            for group in (group for groups in self._groups.values() for group in groups):
                with suppress(OSError, ValueError):
                    group.take(self._around.kernel)
            self._fold()
        self.open(sockets)

    def _fold(self) -> None:
        """Keep what was counted, and close."""
        for socket, totals in self._totals().items():
            self._carried[socket] = totals
        self._close_groups()

    def _totals(self) -> dict[int, list[int]]:
        """By socket, what each counter of the plan has counted; in its own unit."""
        found = {socket: [*totals] for socket, totals in self._carried.items()}
        for cpu, groups in self._groups.items():
            totals = found.setdefault(self._sockets[cpu], [0] * len(self._counters))
            for group in groups:
                for place, total in zip(group.counters, group.accumulator.totals, strict=True):
                    totals[place] += total
        return found

    def _leaves(self) -> list[Leaf]:
        totals = self._totals()
        factors: defaultdict[int, float] = defaultdict(float)
        for cpu, groups in self._groups.items():
            socket = self._sockets[cpu]
            factors[socket] = max(factors[socket], *(group.accumulator.factor for group in groups))
        return [
            Leaf(socket, self._series_of(socket), [*self._in_our_units(totals[socket]), factor or 1.0])
            for socket, factor in sorted(factors.items())
        ]

    def _in_our_units(self, totals: list[int]) -> list[int]:
        if not self._converts:
            return totals
        return [
            total if counter.factor == 1.0 else int(total * counter.factor)
            for counter, total in zip(self._counters, totals, strict=True)
        ]

    def _series_of(self, socket: int) -> tuple[Series, ...]:
        """The same tuple for the same socket."""
        found = self._series.get(socket)
        if found is None:
            levels = (str(socket), str(self.plan.pmu.type))
            metrics = [*(counter.metric for counter in self._counters), SCALING]
            found = self._series[socket] = tuple(metric.series_at(None, levels) for metric in metrics)
        return found

    def _descriptors(self, cpu: int) -> int:
        return sum(len(group.descriptors) for group in self._groups.get(cpu, ()))

    def _close_groups(self) -> None:
        for cpu, groups in self._groups.items():
            self._around.open_files.count -= self._descriptors(cpu)
            for group in groups:
                group.close(self._around.kernel)
        self._groups = {}
