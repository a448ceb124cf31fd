"""The QoS classes of the pods among tasks: their shares are of different parents, so they cannot be compared.

https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
"""

from __future__ import annotations

from collections.abc import Iterable

from wca_core.enforcement.rails import QOS_LABEL
from wca_core.model.task import Task


def qos_classes(tasks: Iterable[Task]) -> frozenset[str]:
    """None for tasks that are no pods."""
    return frozenset(task.labels[QOS_LABEL] for task in tasks if QOS_LABEL in task.labels)
