"""What can be set about an agent as a whole, in both forms of a configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from wca_core.config.field_types import Between, LabelName, Str
from wca_core.labelling import TaskLabelGenerator


@dataclass(eq=False, kw_only=True)
class AllocationConfiguration:
    """How amounts of resources become what the kernel takes, and what tasks get without an allocation."""

    cpu_quota_period: Annotated[int | float, Between(1000, 1000000)] = 1000
    """Microseconds: the length of the period that a CPU quota is a part of."""
    cpu_shares_unit: Annotated[int | float, Between(1000, 1000000)] = 1000
    """CPU shares of a task with `cpu_shares` 1.0."""
    default_rdt_l3: Str | None = None
    """Cache ways of tasks without an allocation, as a schemata line: `L3:0=fff;1=fff`."""
    default_rdt_mb: Str | None = None
    """The same for memory bandwidth: `MB:0=100;1=100`."""


@dataclass(eq=False, kw_only=True)
class AgentSettings:
    """Fields of `agent` in the short form, and of a MeasurementRunner."""

    interval: Annotated[float, Between(0, 60)] | None = 1.0
    """Seconds from step to step; 0 or null: no pause."""
    extra_labels: dict[LabelName, Str | int | float] | None = None
    """Added to every sample; `host` may be overridden."""
    task_label_generators: dict[LabelName, TaskLabelGenerator] | None = None
    """New labels of every task, made in this order."""
    max_open_files: Annotated[int, Between(0)] | None = None
    """Kernel files that stay open from step to step, some 20 a task; others are opened anew, at eight to ten times the
    price of a read. null: half of the limit of the process (`ulimit -n`)."""
    allocation_configuration: AllocationConfiguration | None = None
    """Units and defaults of allocations. This version writes no allocation."""

    @property
    def labels(self) -> dict[str, str]:
        """The extra labels as text."""
        return {name: str(value) for name, value in (self.extra_labels or {}).items()}
