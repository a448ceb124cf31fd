"""What may be wished at all: limits that the operator sets, whatever allocators think."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeAlias

from wca_core.config.field_types import Between, Str
from wca_core.enforcement.ids import ids_of
from wca_core.errors import ConfigurationError, ContractError
from wca_core.model.allocation import AllocationType
from wca_core.model.selector import Selector, parse_selector

Action: TypeAlias = Literal["clamp", "refuse"]
RailName: TypeAlias = Literal[
    "min_cpu_quota",
    "max_cpu_quota_step",
    "min_cpus_per_task",
    "reserved_cpus",
    "max_tasks_changed_per_iteration",
    "min_llc_ways",
    "min_mb",
    "memory_high_min_ratio",
]
"""Those that can clamp; the others can only refuse."""


@dataclass(eq=False, kw_only=True)
class GuardRails:
    """Limits of what allocators may change. A wish beyond one is clamped to it, or refused alone."""

    min_cpu_quota: Annotated[float, Between(0, 1)] | None = None
    """No quota below this; one that is below already rises by no more than `max_cpu_quota_step`."""
    max_cpu_quota_step: Annotated[float, Between(0, 1)] | None = None
    """The most by which a quota changes in one step."""
    min_cpus_per_task: Annotated[int, Between(1)] | None = None
    """A task is never pinned to fewer CPUs."""
    reserved_cpus: Str | None = None
    """CPUs that tasks selected by `best_effort` never get: `"0-1"`."""
    best_effort: Str | None = None
    """Selects tasks by their labels as Kubernetes does: `app_kubernetes_io__qos_class=besteffort`."""
    protected_tasks: Str | None = None
    """Selects tasks that are never touched."""
    allowed_types: list[AllocationType] | None = None
    """None: all."""
    allowed_namespaces: list[Str] | None = None
    """Of Kubernetes. None: all tasks; else those of no namespace are not touched either."""
    max_tasks_changed_per_iteration: Annotated[int, Between(0)] | None = None
    """The others wait; those that waited longest are next. With `refuse` a step that would change more changes none."""
    skip_cpu_manager_pods: bool = False
    """Guaranteed pods that ask for whole CPUs keep their cpusets: they may be the kubelet's CPU manager's."""
    min_llc_ways: Annotated[int, Between(1)] | None = None
    """Cache ways that a task has at least in each domain; a mask that is clamped grows downwards first."""
    min_mb: Annotated[int, Between(1)] | None = None
    """Memory bandwidth that a task has at least in each domain, in the unit of the machine."""
    memory_high_min_ratio: Annotated[float, Between(0)] | None = 1.0
    """`memory_high` is at least this multiple of what the task uses now: less would make it stall."""
    actions: dict[RailName, Action] = field(default_factory=dict)
    """Which limits refuse what is beyond them, by name; the others clamp it."""

    def __post_init__(self) -> None:
        if self.reserved_cpus is not None and self.best_effort is None:
            raise ConfigurationError("reserved_cpus needs best_effort, which says whom they are kept from")
        try:
            self.reserved = ids_of(self.reserved_cpus or "")
        except ContractError as error:
            raise ConfigurationError(f"reserved_cpus: {error}") from error
        self.best_effort_selector = _selector("best_effort", self.best_effort)
        self.protected_selector = _selector("protected_tasks", self.protected_tasks)

    def clamps(self, rail: RailName) -> bool:
        return self.actions.get(rail, "clamp") == "clamp"


def _selector(name: str, text: str | None) -> Selector | None:
    try:
        return None if text is None else parse_selector(text)
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from error
