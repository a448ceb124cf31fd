"""How amounts of resources become what the kernel takes, and what tasks get without an allocation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeAlias

from wca_core.config.field_types import Between, Str
from wca_core.model.allocation import AllocationType

WeightFormula: TypeAlias = Literal["auto", "linear", "quadratic", "proportional"]


@dataclass(eq=False, kw_only=True)
class AllocationConfiguration:
    """Units, defaults and tolerances of allocations."""

    cpu_quota_period: Annotated[int | float, Between(1000, 1000000)] = 1000
    """Microseconds: the length of the period that a CPU quota is a part of; 100000 is recommended."""
    cpu_shares_unit: Annotated[int | float, Between(1000, 1000000)] = 1000
    """CPU shares of a task with `cpu_shares` 1.0."""
    default_rdt_l3: Str | None = None
    """Cache ways of tasks without an allocation, as a schemata line: `L3:0=fff;1=fff`."""
    default_rdt_mb: Str | None = None
    """The same for memory bandwidth: `MB:0=100;1=100`."""
    cpu_weight_formula: WeightFormula = "auto"
    """How CPU shares become the weight of cgroup v2; auto: as the weights of pods that are there show."""
    value_change_sensitivity: dict[AllocationType, Annotated[float, Between(0, 1)]] = field(default_factory=dict)
    """By type: a number that differs from the one in force by no more than this is no change; 0.05 where not named."""
