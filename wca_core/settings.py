"""What can be set about an agent as a whole, in both forms of a configuration."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Annotated, Literal

from wca_core.allocation_configuration import AllocationConfiguration
from wca_core.config.field_types import Between, LabelName, Path, Str
from wca_core.enforcement.guard_rails import GuardRails
from wca_core.labelling import TaskLabelGenerator
from wca_core.model.task_class import TaskClassRule

__all__ = ["AgentSettings", "AllocationConfiguration", "AllocationSettings", "MeasurementSettings"]


@dataclass(eq=False, kw_only=True)
class MeasurementSettings:
    """Fields of a MeasurementRunner, and of `agent` in the short form."""

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
    """Units, defaults and tolerances of allocations."""
    task_classes: list[TaskClassRule] = field(default_factory=list)
    """Which tasks are latency critical and which are best effort; the first rule that matches decides. Of other tasks
    their labels do: `wca.io/class`, or the QoS class of a pod."""

    @property
    def labels(self) -> dict[str, str]:
        """The extra labels as text."""
        return {name: str(value) for name, value in (self.extra_labels or {}).items()}


@dataclass(eq=False, kw_only=True)
class AllocationSettings:
    """Fields of an AllocationRunner, and of `agent` in the short form."""

    dry_run: bool = False
    """Do everything except write: what would be in force is told as `allocation_planned_*`."""
    restore_on_exit: Literal["none", "managed"] = "none"
    """managed: when the agent ends, every value that it changed and nobody else has changed since is put back; exit
    code 3 if one cannot be."""
    restore_state_file: Path | None = None
    """Remembers what was there before the first write, for `wca restore` and for an agent that is started again after
    it was killed. null: `/run/wca/journal`; of another user than root `wca.journal` in `$XDG_RUNTIME_DIR`."""
    reconcile: Literal["off", "each_iteration"] | Annotated[float, Between(0)] = "off"
    """Write a value again that somebody else has changed: in each step, or at most once in so many seconds. After 5
    times within 10 minutes it is left to the other for 10 minutes."""
    guard_rails: GuardRails | None = None
    """Limits of what allocators may change. null: none."""
    audit_log: Path | None = None
    """A file that gets a line of JSON for every write that is tried."""
    on_invalid: Literal["ignore_all", "ignore_task"] = "ignore_all"
    """What an invalid allocation costs: all allocations of the step, or those of its task."""
    rollback: Literal["task", "none"] = "task"
    """A write that fails undoes all that the step wrote for its task; none: the others stay."""
    ignore_unsupported: bool = False
    """An allocation of a type that nothing on this machine can change is left out; else it is invalid."""
    allocate_timeout: Annotated[float, Between(0)] | None = None
    """Seconds after which an allocator is told to be slow; it is not interrupted. null: never."""
    max_consecutive_plugin_errors: Annotated[int, Between(0)] = 0
    """So many failures of an allocator in a row end the agent with exit code 1; 0: it goes on."""

    @property
    def allocation_settings(self) -> AllocationSettings:
        """These fields alone."""
        return AllocationSettings(**{one.name: getattr(self, one.name) for one in fields(AllocationSettings)})


@dataclass(eq=False, kw_only=True)
class AgentSettings(AllocationSettings, MeasurementSettings):
    """Fields of `agent` in the short form."""
