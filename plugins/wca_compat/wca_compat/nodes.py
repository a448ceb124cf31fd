"""`wca.nodes`: what a node is, and the tasks that it tells of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from wca_core.errors import TaskSynchronizationException

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

__all__ = ["Node", "Task", "TaskId", "TaskLabels", "TaskResources", "TaskSynchronizationException"]

TaskId: TypeAlias = str
TaskLabels: TypeAlias = dict[str, str]
TaskResources: TypeAlias = dict[str, float | int | str]


@dataclass
class Task:
    """One task of a node. It may be changed; what was told of it to the agent is a copy."""

    name: str
    task_id: TaskId
    cgroup_path: str
    """Below the root of each hierarchy."""
    subcgroups_paths: list[str] = field(default_factory=list)
    """The containers of a task that has several."""
    labels: TaskLabels = field(default_factory=dict)
    resources: TaskResources = field(default_factory=dict)
    """`cpus` [CPUs], `mem` and `disk` [bytes], and what else the orchestrator knows."""

    def __hash__(self) -> int:
        return hash(self.task_id)


class Node(ABC):
    """Knows which tasks run on this machine."""

    @abstractmethod
    def get_tasks(self) -> list[Task]:
        """All tasks that run now.

        If it raises, `TaskSynchronizationException` or anything else, its tasks are not measured in this step and
        nothing is allocated to them, but they are not gone.
        """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from wca_compat.accepting import accepting  # only where a configuration is checked
        from wca_compat.our_node import OurNode

        return accepting(cls, "discover_tasks", OurNode if cls is Node else None)
