"""An overview as values: the machine, a row for each task, and what happened lately.

None stands for what was not measured, and for a rate on the first step or after a counter fell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

EventKind: TypeAlias = Literal["anomaly", "allocation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """One task now."""

    task_id: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    """Without `task_id` and `task_name`."""
    cpus: float | None = None
    """CPUs used since the step before."""
    memory_bytes: float | None = None
    """Without inactive page cache where the kernel tells, else with it."""
    memory_limit_bytes: float | None = None
    """None also if there is no limit."""
    throttled_share: float | None = None
    """Of the periods of the CPU limit since the step before, 0 to 1; None also if there is no limit."""
    cpu_pressure: float | None = None
    """Percent of the last 10 seconds in which some of the task waited; likewise memory and I/O."""
    memory_pressure: float | None = None
    io_pressure: float | None = None
    cache_bytes: float | None = None
    """Occupancy of the last-level cache."""
    memory_bandwidth: float | None = None
    """Bytes per second since the step before."""
    instructions_per_cycle: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that began or changed in one step."""

    time: float
    """Unix time [seconds]."""
    kind: EventKind
    text: str
    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The machine and its tasks now."""

    time: float
    """Unix time of the step [seconds]."""
    seconds: float | None = None
    """Since the step before."""
    host: str = ""
    cpus: int | None = None
    """Online."""
    cpus_used: float | None = None
    memory_bytes: float | None = None
    memory_used_bytes: float | None = None
    """Neither free nor page cache nor buffers."""
    cpu_pressure: float | None = None
    memory_pressure: float | None = None
    io_pressure: float | None = None
    tasks: tuple[TaskRow, ...] = ()
    """In the order in which they were measured."""
    events: tuple[Event, ...] = ()
    """The last 50, the oldest first."""
    step_seconds: float | None = None
    """What the step before took."""
