"""What the older interfaces hand over about a task. Everything is a copy: who changes it harms nobody."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from wca_compat.metrics import Measurements

TaskId: TypeAlias = str
TaskLabels: TypeAlias = dict[str, str]
TaskResources: TypeAlias = dict[str, float | int | str]

TasksMeasurements: TypeAlias = dict[TaskId, Measurements]
TasksResources: TypeAlias = dict[TaskId, TaskResources]
TasksLabels: TypeAlias = dict[TaskId, TaskLabels]


class TaskResource(StrEnum):
    """What a task asked its orchestrator for."""

    CPUS = "cpus"
    MEM = "mem"
    DISK = "disk"


@dataclass
class TaskData:
    """One task in one step."""

    name: str
    task_id: TaskId
    cgroup_path: str
    subcgroups_paths: list[str] = field(default_factory=list)
    labels: TaskLabels = field(default_factory=dict)
    """With `task_id` and `task_name`."""
    resources: TaskResources = field(default_factory=dict)
    measurements: Measurements = field(default_factory=dict)
    allocations: dict[str, object] | None = None
    """In force, by type; None where nobody allocates, or nobody could read them."""


TasksData: TypeAlias = dict[TaskId, TaskData]
