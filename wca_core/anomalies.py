"""Anomalies as samples: one for each pair of victim and suspect, and the context of the finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from wca_core.model.anomaly import Anomaly
from wca_core.model.metric import Metric, Sample, Samples, Series, counter
from wca_core.model.task import Task

ANOMALY = Metric("anomaly", "A task that a detector saw suffering from another.", counter)
COUNT = Metric("anomaly_count", "Anomalies since the agent started.", counter)
LAST_OCCURRENCE = Metric("anomaly_last_occurrence", "Time of the last anomaly.", counter, unit="timestamp")
UNKNOWN_TASKS = Metric("wca_anomaly_unknown_tasks", "Tasks named by anomalies that were not there.", counter)

ANOMALY_METRICS = (ANOMALY, COUNT, LAST_OCCURRENCE, UNKNOWN_TASKS)

UNKNOWN_WORKLOAD = "workload not found"

Line: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]
"""What tells one line of output from another: name and labels."""


class AnomalyLog:
    """Encodes what detectors found and counts it."""

    def __init__(self) -> None:
        self._count = 0
        self._unknown = 0
        self._last: float | None = None
        self._series: dict[Line, Series] = {}

    def samples(self, anomalies: Sequence[Anomaly], tasks: Iterable[Task], now: float) -> Samples:
        """The anomalies of one step [Unix time in seconds] and the counts since the start."""
        known = {task.task_id: task for task in tasks} if anomalies else {}
        self._count += len(anomalies)
        self._unknown += sum(len(anomaly.task_ids - known.keys()) for anomaly in anomalies)
        if anomalies:
            self._last = now
        encoded = self._distinct(sample for anomaly in anomalies for sample in _encoded(anomaly, known))
        encoded += [COUNT.sample(self._count), UNKNOWN_TASKS.sample(self._unknown)]
        if self._last is not None:
            encoded.append(LAST_OCCURRENCE.sample(self._last))
        return Samples.of(encoded)

    def _distinct(self, samples: Iterable[Sample]) -> list[Sample]:
        """Of samples that differ in their values only the first, with the series objects of the step before."""
        before, self._series = self._series, {}
        distinct = []
        for sample in samples:
            line = (sample.name, tuple(sorted(sample.labels.items())))
            if line not in self._series:
                self._series[line] = before.get(line, sample.series)
                distinct.append(self._series[line].at(sample.value))
        return distinct


def _encoded(anomaly: Anomaly, known: Mapping[str, Task]) -> Iterator[Sample]:
    victim = known.get(anomaly.contended_task_id)
    shared = {"contended_task_id": anomaly.contended_task_id, "uuid": anomaly.uuid}
    for suspect in _suspects(anomaly):
        own = {
            **shared,
            "contending_task_id": suspect,
            "contending_workload_instance": _workload_instance(known.get(suspect)),
            "resource": anomaly.resource.value,
            "type": "contention",
        }
        yield _series(ANOMALY, victim, own).at(1)
    for sample in anomaly.context:
        own = {**_labels_beside(victim, sample.series), **shared, "type": "anomaly"}
        yield _series(sample.series.metric, victim, own).at(sample.value)


def _suspects(anomaly: Anomaly) -> Iterable[str]:
    """Each once; the empty name where nobody is suspected and that shall be told too."""
    if not anomaly.contending_task_ids and anomaly.encode_unattributed:
        return [""]
    return dict.fromkeys(anomaly.contending_task_ids)


def _workload_instance(task: Task | None) -> str:
    return task.all_labels.get("workload_instance", UNKNOWN_WORKLOAD) if task else UNKNOWN_WORKLOAD


def _labels_beside(victim: Task | None, series: Series) -> dict[str, str]:
    """The labels of a series that are not there already because they are the victim's."""
    is_of_victim = victim is not None and series.task is not None and series.task.task_id == victim.task_id
    return series.level_labels if is_of_victim else series.labels


def _series(metric: Metric, victim: Task | None, own: Mapping[str, str]) -> Series:
    """A series of the victim with labels of its own; what they hide of the victim's has another name then."""
    of_victim = victim.all_labels if victim else {}
    hidden = {f"task_label_{name}": value for name, value in of_victim.items() if own.get(name, value) != value}
    return Series(metric, victim, (), tuple(sorted({**hidden, **own}.items())))
