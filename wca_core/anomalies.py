"""Anomalies as samples: one for each pair of victim and suspect, and the context of the finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from wca_core.model.anomaly import Anomaly
from wca_core.model.metric import LABEL_NAME, Metric, Sample, Samples, Series, counter
from wca_core.model.task import Task

ANOMALY = Metric("anomaly", "A task that a detector saw suffering from another.", counter)
COUNT = Metric("anomaly_count", "Anomalies since the agent started.", counter)
LAST_OCCURRENCE = Metric("anomaly_last_occurrence", "Time of the last anomaly.", counter, unit="timestamp")

UNKNOWN_WORKLOAD = "workload not found"


class AnomalyLog:
    """Encodes what detectors found and counts it."""

    def __init__(self) -> None:
        self._count = 0
        self._last: float | None = None

    def samples(self, anomalies: Sequence[Anomaly], tasks: Iterable[Task], now: float) -> Samples:
        """The anomalies of one step [Unix time in seconds] and the counts since the start."""
        labels = {task.task_id: task.all_labels for task in tasks}
        self._count += len(anomalies)
        if anomalies:
            self._last = now
        encoded = [sample for anomaly in anomalies for sample in _encoded(anomaly, labels)]
        encoded.append(COUNT.sample(self._count))
        if self._last is not None:
            encoded.append(LAST_OCCURRENCE.sample(self._last))
        return Samples.of(encoded)


def _encoded(anomaly: Anomaly, labels: dict[str, dict[str, str]]) -> Iterator[Sample]:
    victim = labels.get(anomaly.contended_task_id, {})
    for suspect in dict.fromkeys(anomaly.contending_task_ids):
        own = {
            "contended_task_id": anomaly.contended_task_id,
            "contending_task_id": suspect,
            "contending_workload_instance": labels.get(suspect, {}).get("workload_instance", UNKNOWN_WORKLOAD),
            "resource": anomaly.resource.value,
            "type": "contention",
            "uuid": anomaly.uuid,
        }
        yield _series(ANOMALY, {**_beside(victim, own), **own}).at(1)
    for sample in anomaly.context:
        own = {
            **sample.labels,
            "contended_task_id": anomaly.contended_task_id,
            "type": "anomaly",
            "uuid": anomaly.uuid,
        }
        yield _series(sample.series.metric, {**_beside(victim, own), **own}).at(sample.value)


def _series(metric: Metric, labels: dict[str, str]) -> Series:
    """Labels of tasks may have names that cannot be printed; these are left out, as on the task's own samples."""
    return Series.of(metric, {name: str(value) for name, value in labels.items() if LABEL_NAME.fullmatch(name)})


def _beside(task_labels: dict[str, str], own: dict[str, str]) -> dict[str, str]:
    """Labels of a task under another name where the encoding needs theirs."""
    return {(f"task_label_{name}" if name in own else name): value for name, value in task_labels.items()}
