"""Two tasks, a plugin that changes their files, an allocator that wishes what it is told, and steps of a real agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.file_control import FileControl, Wishing
from wca_core.agent import Agent
from wca_core.model.allocation import AllocationType
from wca_core.model.metric import Metric, gauge
from wca_core.model.task import Task
from wca_core.settings import AllocationSettings
from wca_core.testing import Machine, Measured, make_task, running

EXTRA = Metric("allocator_extra", "What the allocator tells beside.", gauge)
QUOTA = AllocationType.CPU_QUOTA


@dataclass
class Scenery:
    """Two tasks with a whole machine each, and the agent's parts."""

    machine: Machine
    control: FileControl
    allocator: Wishing
    tasks: list[Task] = field(default_factory=lambda: [make_task("/a", labels={"tier": "1"}), make_task("/b")])
    more: Sequence[object] = ()

    def steps(self, count: int = 1, **settings: object) -> list[Measured]:
        """What so many steps gave."""
        plugins = [self.control, self.allocator, *self.more]
        with running(self.machine, plugins, self.tasks, allocation=AllocationSettings(**settings)) as agent:  # type: ignore[arg-type]
            return [self.step(agent) for _ in range(count)]

    def step(self, agent: Agent) -> Measured:
        step = agent.step()
        agent.host.statistics.iterations += 1
        self.machine.clock.advance(1.0)
        return Measured(step, agent.host.statistics)


def made_in(tmp_path: Path) -> Scenery:
    control = FileControl(tmp_path / "control")
    for task_id in ("/a", "/b"):
        control.put(task_id, cpu_quota=1.0, cpu_shares=1.0, cpuset_cpus="0-7")
    return Scenery(Machine(tmp_path / "machine"), control, Wishing())


def quota(measured: Measured, task: str = "/a", metric: str = "allocation_cpu_quota") -> object:
    return measured.value(metric, task)
