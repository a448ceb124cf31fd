"""What detectors for the older interfaces find."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar

from wca_compat.metrics import Metric
from wca_core.model.anomaly import Anomaly as Finding
from wca_core.model.anomaly import ContendedResource
from wca_core.model.metric import MetricType


class Anomaly(ABC):
    """Something that a detector found, which says itself what metrics tell of it."""

    @abstractmethod
    def generate_metrics(self) -> list[Metric]:
        """Its metrics."""


@dataclass
class ContentionAnomaly(Anomaly):
    """A task suffers, others are suspected to be the cause; of those there may be none."""

    resource: ContendedResource
    contended_task_id: str
    contending_task_ids: list[str] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    """Values and thresholds that led to the finding."""

    anomaly_type: ClassVar[str] = "contention"

    def generate_metrics(self) -> list[Metric]:
        """A metric for each suspect and those of the context, without labels of tasks: only the agent knows them."""
        finding = Finding(
            contended_task_id=self.contended_task_id, contending_task_ids=tuple(self.contending_task_ids or ())
        )
        return [*self._suspicions(finding.uuid), *self._context(finding.uuid)]

    def _suspicions(self, uuid: str) -> Iterator[Metric]:
        for suspect in dict.fromkeys(self.contending_task_ids or ()):
            labels = {
                "contended_task_id": self.contended_task_id,
                "contending_task_id": suspect,
                "resource": ContendedResource(self.resource).value,
                "uuid": uuid,
                "type": self.anomaly_type,
            }
            yield Metric("anomaly", 1, labels, type=MetricType.COUNTER)

    def _context(self, uuid: str) -> Iterator[Metric]:
        own = {"contended_task_id": self.contended_task_id, "uuid": uuid, "type": "anomaly"}
        for metric in self.metrics or ():
            yield replace(metric, labels={**(metric.labels or {}), **own})
