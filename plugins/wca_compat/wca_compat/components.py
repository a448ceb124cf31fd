"""What detectors and allocators for the older interfaces are derived from, and those that do nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wca_compat.allocations import TasksAllocations
from wca_compat.anomalies import Anomaly
from wca_compat.metrics import Metric
from wca_compat.platforms import Platform
from wca_compat.task_data import TasksData

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


class AnomalyDetector(ABC):
    """Finds tasks that suffer."""

    @abstractmethod
    def detect(self, platform: Platform, tasks_data: TasksData) -> tuple[list[Anomaly], list[Metric]]:
        """Its findings and metrics; or with `tasks_measurements, tasks_resources, tasks_labels` behind the platform."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return _accepting(cls, "detect", NOPAnomalyDetector)


class Allocator(ABC):
    """Wishes which resources tasks have."""

    @abstractmethod
    def allocate(
        self, platform: Platform, tasks_data: TasksData
    ) -> tuple[TasksAllocations, list[Anomaly], list[Metric]]:
        """Its wishes, what it found, and metrics; or with
        `tasks_measurements, tasks_resources, tasks_labels, tasks_allocations` behind the platform.
        """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return _accepting(cls, "allocate", NOPAllocator)


@dataclass
class NOPAnomalyDetector(AnomalyDetector):
    """Finds nothing."""

    def detect(self, platform: Platform, tasks_data: TasksData) -> tuple[list[Anomaly], list[Metric]]:
        return [], []


@dataclass
class NOPAllocator(Allocator):
    """Wishes nothing."""

    def allocate(
        self, platform: Platform, tasks_data: TasksData
    ) -> tuple[TasksAllocations, list[Anomaly], list[Metric]]:
        return {}, [], []


def _accepting(cls: type, hook: str, idle: type) -> CoreSchema:
    """A field for a component takes one, and where a plugin of ours does nothing by the same tag, that of here."""
    from wca_compat.accepting import accepting  # only where a configuration is checked

    def around(plugin: object) -> object | None:
        return idle() if type(plugin).__name__ == idle.__name__ else None

    return accepting(cls, hook, around if issubclass(idle, cls) else None, f"!{idle.__name__}")
