"""Who takes part in a replay, and by which settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wca_core.dispatch import Binding
from wca_core.model.task_class import TaskClassRule
from wca_core.settings import AllocationSettings

HOOKS = frozenset({"derive_metrics", "detect", "allocate"})
"""What plugins are called for in a step."""


@dataclass(frozen=True, slots=True)
class Cast:
    """The plugins in their order, and what the operator says about wishes and tasks."""

    bindings: Sequence[Binding] = ()
    settings: AllocationSettings = field(default_factory=AllocationSettings)
    task_classes: Sequence[TaskClassRule] = ()
    feeds_back: bool = False
    """What is granted counts as in force from the next step on."""

    @property
    def called(self) -> list[Binding]:
        """Neither for measuring nor for storing; whoever does that as well is the same object."""
        return [Binding(name=one.name, plugin=one.plugin, hooks=one.hooks & HOOKS) for one in self.bindings]
