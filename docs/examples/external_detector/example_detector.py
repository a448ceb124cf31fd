"""A detector of a third party: tells when a task gets less CPU than usual while others take more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from wca_core import Anomaly, ContendedResource, Metric, Sample, Snapshot, gauge, hookimpl, plugin

CPU_TIME = "task_cpu_usage_seconds"
"""Its growth per second is the number of CPUs that a task keeps busy."""
CPU_LEFT = Metric("example_cpu_left_ratio", "CPU that the watched task gets, as a part of what is usual.", gauge)

MEMORY = 0.8
"""How much of what was usual before still is, after a step."""


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class ExampleDetector:
    """Watches one task."""

    task_id: str
    suffers_below: float = 0.7
    """The part of its usual CPU below which the task suffers."""
    suspect_above: float = 0.1
    """More CPUs than usual that a task keeps busy before it is suspected."""

    _usual: dict[str, float] = field(default_factory=dict, init=False, repr=False)

    @hookimpl
    def detect(self, snapshot: Snapshot) -> Iterator[Anomaly | Sample]:
        busy = busy_cpus(snapshot)
        before, self._usual = self._usual, mixed(self._usual, busy)
        usual = before.get(self.task_id)
        watched = next((task for task in snapshot.tasks if task.task_id == self.task_id), None)
        if watched is None or self.task_id not in busy or not usual:
            return
        left = CPU_LEFT.sample(busy[self.task_id] / usual, watched)
        yield left
        suspects = [name for name, cpus in busy.items() if cpus - before.get(name, 0.0) > self.suspect_above]
        if left.value < self.suffers_below and suspects:
            yield Anomaly(
                contended_task_id=self.task_id,
                contending_task_ids=tuple(suspects),
                resource=ContendedResource.CPUS,
                context=(left,),
            )


def busy_cpus(snapshot: Snapshot) -> dict[str, float]:
    """How many CPUs each task keeps busy; without those that are new or started again since the step before."""
    rates = {task.task_id: snapshot.rate(CPU_TIME, task) for task in snapshot.tasks}
    return {task_id: rate for task_id, rate in rates.items() if rate is not None}


def mixed(usual: dict[str, float], busy: dict[str, float]) -> dict[str, float]:
    """What is usual after a step: mostly what was before (a new task did nothing), a little of what is."""
    return {name: MEMORY * usual.get(name, 0.0) + (1 - MEMORY) * cpus for name, cpus in busy.items()}
