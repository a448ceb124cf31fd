"""What detectors and allocators for the older interfaces are derived from, and those that do nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from wca_compat.allocations import TasksAllocations
from wca_compat.anomalies import Anomaly
from wca_compat.metrics import Metric
from wca_compat.platforms import Platform
from wca_compat.task_data import TasksData


class AnomalyDetector(ABC):
    """Finds tasks that suffer."""

    @abstractmethod
    def detect(self, platform: Platform, tasks_data: TasksData) -> tuple[list[Anomaly], list[Metric]]:
        """Its findings and metrics; or with `tasks_measurements, tasks_resources, tasks_labels` behind the platform."""


class Allocator(ABC):
    """Wishes which resources tasks have."""

    @abstractmethod
    def allocate(
        self, platform: Platform, tasks_data: TasksData
    ) -> tuple[TasksAllocations, list[Anomaly], list[Metric]]:
        """Its wishes, what it found, and metrics; or with
        `tasks_measurements, tasks_resources, tasks_labels, tasks_allocations` behind the platform.
        """


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
