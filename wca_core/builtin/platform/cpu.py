"""How busy the CPUs of the machine are: `/proc/stat`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from operator import sub

from wca_core.builtin.platform.source import series_of
from wca_core.host import Host
from wca_core.linux.procfs import CPU_FIELDS, parse_stat
from wca_core.model.metric import Block, Metric, counter
from wca_core.model.platform import Platform

TICKS = os.sysconf("SC_CLK_TCK")

CPU_USAGE = Metric(
    "platform_cpu_usage",
    "Time the CPU was busy, with steal time, in ticks of USER_HZ (a hundredth of a second nearly everywhere).",
    counter,
    levels=("cpu",),
)
CPU_SECONDS = Metric(
    "platform_cpu_seconds",
    "Time of the CPU by mode; user and nice are without guests.",
    counter,
    unit="seconds",
    levels=("cpu", "mode"),
)

BUSY = ("user", "nice", "system", "irq", "softirq", "steal")
Columns = Mapping[str, Sequence[int]]


class CpuTimes:
    """The time of each online CPU; `modes`: also by mode."""

    metrics = (CPU_USAGE, CPU_SECONDS)

    def __init__(self, *, modes: bool = False) -> None:
        self._modes = modes
        self._highest: dict[int, tuple[float, ...]] = {}

    def paths(self, host: Host, platform: Platform) -> list[str]:
        return [f"{host.proc}/stat"]

    def blocks(self, texts: Sequence[bytes]) -> Iterator[Block]:
        cpus, fields = parse_stat(texts[0])
        columns = dict(zip(CPU_FIELDS, fields, strict=True))
        yield Block(series_of(CPU_USAGE, cpus), usage(columns))
        if self._modes:
            yield Block(series_of(CPU_SECONDS, cpus, CPU_FIELDS), self._seconds(cpus, columns))

    def _seconds(self, cpus: Sequence[int], columns: Columns) -> list[float]:
        """The highest so far: idle times fall by rounding, differences because the kernel writes one by one."""
        for cpu, values in zip(cpus, seconds(columns), strict=True):
            self._highest[cpu] = tuple(map(max, values, self._highest.get(cpu, values)))
        return [*chain.from_iterable(self._highest[cpu] for cpu in cpus)]


def usage(columns: Columns) -> list[int]:
    """Busy ticks of each CPU."""
    return [*map(sum, zip(*(columns[name] for name in BUSY), strict=True))]


def seconds(columns: Columns) -> Iterator[tuple[float, ...]]:
    """For each CPU the seconds in each of `CPU_FIELDS`."""
    without_guests = {
        "user": [*map(sub, columns["user"], columns["guest"])],
        "nice": [*map(sub, columns["nice"], columns["guest_nice"])],
    }
    in_order = [without_guests.get(name, columns[name]) for name in CPU_FIELDS]
    return (tuple([ticks / TICKS for ticks in of_cpu]) for of_cpu in zip(*in_order, strict=True))
