"""What happened lately: contentions that began, and allocations whose value changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from wca_core.model.metric import Samples, Series, Value
from wca_core.overview.moment import number
from wca_core.overview.rows import Event

KEPT = 50

_NOT_OF_A_KIND = frozenset({"allocation_type", "container_name", "task", "task_id", "task_name"})
"""Labels of an allocation that tell neither its group nor its domain."""


class EventLog:
    """Looks at the streams `anomalies` and `allocations` of each step."""

    def __init__(self) -> None:
        self.recent: tuple[Event, ...] = ()
        """The last `KEPT`, the oldest first; the same object until something happens."""
        self._anomalies: Sequence[Series] = ()
        self._contentions: frozenset[str] = frozenset()
        self._allocations = Samples()

    def add(self, samples: Samples, stream: str, now: float) -> None:
        """`now`: Unix time of the step [seconds]."""
        new: list[Event] = []
        if stream == "anomalies" and samples.series is not self._anomalies:
            self._anomalies = samples.series
            new = self._began(samples.series, now)
        elif stream == "allocations":
            new = self._changed(samples, now)
        if new:
            self.recent = (*self.recent, *new)[-KEPT:]

    def _began(self, series: Sequence[Series], now: float) -> list[Event]:
        """The contentions that were not there in the step before: those with the same tasks go on."""
        found: defaultdict[str, list[Series]] = defaultdict(list)
        for one in series:
            labels = dict(one.free_labels)
            if "uuid" in labels and "contended_task_id" in labels:
                found[labels["uuid"]].append(one)
        before, self._contentions = self._contentions, frozenset(found)
        return [_contention(lines, now) for uuid, lines in found.items() if uuid not in before]

    def _changed(self, samples: Samples, now: float) -> list[Event]:
        """The allocations whose value is another than in the step before; the first one known is no event."""
        before, self._allocations = self._allocations, samples
        if samples.series is before.series:
            pairs = zip(samples.series, before.values, samples.values, strict=True)
            changed = [(series, old, new) for series, old, new in pairs if old != new]
        else:
            known = {_place(series): value for series, value in zip(before.series, before.values, strict=True)}
            found = [(one, known.get(_place(one.series), one.value), one.value) for one in samples]
            changed = [(one.series, old, new) for one, old, new in found if old != new]
        events = [_change(series, old, new, now) for series, old, new in changed]
        return [event for event in events if event is not None]


def _contention(lines: Sequence[Series], now: float) -> Event:
    """`web suffers, memory bandwidth: batch-7, batch-9`"""
    labels = [dict(one.free_labels) for one in lines]
    victim = labels[0]["contended_task_id"]
    task = lines[0].task
    resources = ", ".join(dict.fromkeys(one["resource"] for one in labels if "resource" in one))
    suspects = ", ".join(dict.fromkeys(one["contending_task_id"] for one in labels if one.get("contending_task_id")))
    text = f"{task.name if task else victim} suffers"
    text += f", {resources}" if resources else ""
    text += f": {suspects}" if suspects else ""
    return Event(time=now, kind="anomaly", text=text, task_id=victim)


def _place(series: Series) -> tuple[str, tuple[tuple[str, str], ...]]:
    return series.metric.name, tuple(sorted(series.labels.items()))


def _change(series: Series, old: Value, new: Value, now: float) -> Event | None:
    """`web: cpu_quota 0.5 → 0.2`; None for a sample that is no allocation of a task."""
    labels = series.labels
    task_id = labels.get("task_id") or labels.get("task")
    if not task_id or not series.metric.name.startswith("allocation_"):
        return None
    kind = labels.get("allocation_type") or series.metric.name.removeprefix("allocation_")
    within = [text for label, text in sorted(series.level_labels.items()) if label not in _NOT_OF_A_KIND]
    name = labels.get("task_name") or task_id
    text = f"{name}: {' '.join([kind, *within])} {number(old):g} → {number(new):g}"
    return Event(time=now, kind="allocation", text=text, task_id=task_id)
