"""Real steps of an agent, and what they gave, to be asked in tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from wca_core.agent import Agent, Step
from wca_core.dispatch import Binding
from wca_core.exposition import Page
from wca_core.host import Host
from wca_core.labelling import TaskLabelGenerator
from wca_core.model.metric import Sample, Value
from wca_core.model.statistics import Statistics
from wca_core.model.task import Task
from wca_core.registry import Registry
from wca_core.settings import AllocationSettings
from wca_core.testing.machine import Machine
from wca_core.testing.plugins import GivenTasks, whole_binding


@dataclass(frozen=True, slots=True)
class Measured:
    """The result of one step, to be asked in tests."""

    step: Step
    statistics: Statistics

    def value(self, metric: str, task: str | None = None, **labels: str) -> Value | None:
        """The value of the only sample of this metric with these labels; None if there is none.

        Raises `AssertionError` if there are several.
        """
        wanted = {**labels, **({"task_id": task} if task is not None else {})}
        found = [one.value for one in self.samples(metric) if wanted.items() <= one.labels.items()]
        assert len(found) < 2, f"{len(found)} samples of {metric} with {wanted}"
        return found[0] if found else None

    def values(self, metric: str) -> dict[str, Value]:
        """The values of a metric by task id."""
        return {sample.labels["task_id"]: sample.value for sample in self.samples(metric) if sample.series.task}

    def samples(self, metric: str) -> list[Sample]:
        """All samples of a metric, measured, found or of allocations."""
        parts = self.step.samples, self.step.findings, self.step.allocations
        return [one for part in parts for one in part if one.name == metric]

    @property
    def names(self) -> set[str]:
        """The names of all metrics."""
        return {sample.name for part in (self.step.samples, self.step.findings) for sample in part}

    @property
    def text(self) -> str:
        """The samples as Prometheus text."""
        return Page({"host": "test-host"}).text(self.step.samples).decode()


@contextmanager
def running(
    machine: Machine | Host,
    plugins: Sequence[object],
    tasks: Sequence[Task] = (),
    label_generators: Mapping[str, TaskLabelGenerator] | None = None,
    allocation: AllocationSettings | None = None,
) -> Iterator[Agent]:
    """A started agent with these plugins and OwnMetrics, stopped at the end."""
    host = machine.host() if isinstance(machine, Machine) else machine
    bindings = [whole_binding(one) for one in (GivenTasks(tasks=list(tasks)), *plugins, _own_metrics())]
    agent = Agent(_with_own_names(bindings), host, label_generators, allocation)
    agent.start()
    try:
        yield agent
    finally:
        agent.stop()


def run_step(machine: Machine | Host, plugins: Sequence[object], tasks: Sequence[Task] = ()) -> Measured:
    """One step of an agent with these plugins; see `Measured`."""
    with running(machine, plugins, tasks) as agent:
        return Measured(agent.step(), agent.host.statistics)


def _own_metrics() -> object:
    return Registry().load("self")()


def _with_own_names(bindings: list[Binding]) -> list[Binding]:
    """Two plugins of one class are told apart by a number."""
    seen: dict[str, int] = {}
    for binding in bindings:
        seen[binding.name] = seen.get(binding.name, 0) + 1
        if seen[binding.name] > 1:
            binding.name = f"{binding.name}-{seen[binding.name]}"
    return bindings
