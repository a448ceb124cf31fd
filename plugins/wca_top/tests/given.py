"""A source whose steps a test gives one by one, made of real samples."""

from __future__ import annotations

import queue
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Event

from wca_top.source import View

from wca_core.anomalies import AnomalyLog
from wca_core.errors import WcaError
from wca_core.model.anomaly import Anomaly
from wca_core.model.metric import Metric, Sample, Samples, counter, gauge
from wca_core.model.task import Task
from wca_core.overview import OverviewMaker
from wca_core.testing import make_task

USAGE = Metric("task_cpu_usage_seconds", "CPU time.", counter, unit="seconds")
MEMORY = Metric("task_mem_working_set_bytes", "Memory.", gauge, unit="bytes")
OCCUPANCY = Metric("task_llc_occupancy_bytes", "Cache.", gauge, unit="bytes")
CPUS = Metric("platform_topology_cpus", "CPUs.", gauge)


@dataclass(eq=False)
class GivenSteps:
    """`give` makes a step, a second after the one before; `tell` and `fail` what else sources do."""

    title: str = "test-host"
    is_stopped: Event = field(default_factory=Event)
    _maker: OverviewMaker = field(default_factory=lambda: OverviewMaker("test-host"))
    _waiting: queue.Queue[object] = field(default_factory=queue.Queue)
    _anomalies: AnomalyLog = field(default_factory=AnomalyLog)
    _tasks: dict[str, Task] = field(default_factory=dict)
    _used: dict[str, float] = field(default_factory=dict)
    _now: float = 1_700_000_000.0

    def give(
        self,
        cpus: Mapping[str, float],
        *,
        memory: Mapping[str, float] | None = None,
        cache: Mapping[str, float] | None = None,
        anomalies: Iterable[Anomaly] = (),
    ) -> None:
        """A step in which these tasks used so many CPUs."""
        self._now += 1
        samples = [CPUS.sample(4)]
        for name, used in cpus.items():
            self._used[name] = self._used.get(name, 0.0) + used
            samples.append(USAGE.sample(self._used[name], self.task(name)))
        samples += [MEMORY.sample(value, self.task(name)) for name, value in (memory or {}).items()]
        samples += [OCCUPANCY.sample(value, self.task(name)) for name, value in (cache or {}).items()]
        self._add(samples, list(anomalies))

    def task(self, name: str) -> Task:
        labels = {"app": name.partition("-")[0]}
        return self._tasks.setdefault(name, make_task(f"/{name}", name=name, labels=labels))

    def tell(self, trouble: str) -> None:
        self._waiting.put(trouble)

    def fail(self, error: WcaError) -> None:
        self._waiting.put(error)

    def run(self, view: View, stop: Event) -> None:
        while not stop.is_set():
            try:
                found = self._waiting.get(timeout=0.01)
            except queue.Empty:
                continue
            if isinstance(found, WcaError):
                raise found
            if isinstance(found, str):
                view.tell(found)
            else:
                view.show(found)  # type: ignore[arg-type]
        self.is_stopped.set()

    def _add(self, samples: list[Sample], anomalies: list[Anomaly]) -> None:
        encoded = self._anomalies.samples(anomalies, self._tasks.values(), self._now)
        self._maker.add(encoded, "anomalies", self._now)
        self._maker.add(Samples.of(samples), "metrics", self._now)
        self._waiting.put(self._maker.overview())
