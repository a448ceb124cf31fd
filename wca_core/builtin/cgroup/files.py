"""Which files of a cgroup hold which metrics: what `files_v1` and `files_v2` have in common.

Where two files tell the same metric, the first is believed; numbers come before tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from wca_core.builtin.cgroup.descriptions import (
    CPU_BURST,
    CPU_BURSTS,
    CPU_PERIODS,
    CPU_THROTTLED,
    CPU_THROTTLED_PERIODS,
    IO_METRICS,
    IO_METRICS_BY_DEVICE,
    MEM_STAT,
    MEM_USAGE,
    MEM_WORKING_SET,
    PIDS,
    PIDS_LIMIT,
)
from wca_core.builtin.cgroup.io import Devices, IoByDevice, IoSums
from wca_core.builtin.cgroup.source import Combined, LimitIfAny, Number, Source, Table, TableReader
from wca_core.builtin.cgroup.tables import CpuField
from wca_core.linux.block_devices import BlockDevices
from wca_core.linux.cgroup_v2 import parse_maximum
from wca_core.model.metric import Metric, Value


@dataclass(frozen=True, slots=True)
class Choice:
    """What to measure of each cgroup."""

    is_wanted: Callable[[Metric], bool] = lambda _: True
    memory_stat: re.Pattern[str] | None = None
    """The keys of `memory.stat` that are told as they are: those that match at the start."""
    io_per_device: bool = False

    @property
    def fields_of_memory(self) -> tuple[Metric, ...]:
        """The metrics that this choice adds to `memory.stat`."""
        return () if self.memory_stat is None else (MEM_STAT,)

    @property
    def io_metrics(self) -> tuple[Metric, ...]:
        return IO_METRICS_BY_DEVICE if self.io_per_device else IO_METRICS

    def io_reader(
        self,
        parse: Callable[[bytes], Devices],
        parts: Sequence[tuple[Metric, str]],
        devices: BlockDevices,
        *,
        is_recursive: bool = False,
    ) -> Callable[[bytes], TableReader]:
        if self.io_per_device:
            return partial(IoByDevice, parse, parts)
        return partial(IoSums, parse, parts, devices, is_recursive)


def less(one: Value, other: Value) -> Value:
    """The difference, but not below 0: the two were not read in the same moment."""
    return one - other if one > other else 0


WORKING_SET = Combined(MEM_WORKING_SET, MEM_USAGE, lambda inactive_file, usage: less(usage, inactive_file))
"""What is in its own column is the inactive page cache."""

PIDS_FILES: tuple[Source, ...] = (
    Number("pids", "pids.current", PIDS),
    Table("pids", "pids.max", (PIDS_LIMIT,), partial(LimitIfAny, PIDS_LIMIT, parse_maximum)),
)


def bandwidth(names: Sequence[str], second: float) -> list[CpuField]:
    """The fields of `cpu.stat` that tell of the CPU limit; `second`: how many units of its times make one."""
    metrics = (CPU_PERIODS, CPU_THROTTLED_PERIODS, CPU_THROTTLED, CPU_BURSTS, CPU_BURST)
    return [
        (metric, name, second if metric.unit == "seconds" else None)
        for metric, name in zip(metrics, names, strict=True)
    ]
