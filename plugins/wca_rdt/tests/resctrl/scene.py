"""Real programs in real cgroups, measured by an agent in a mounted resctrl: emulated or the kernel's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wca_rdt.resctrl.collector import Rdt
from wca_rdt.resctrl.names import group_name

from plugins.wca_rdt.tests.resctrl.given import threads
from plugins.wca_rdt.tests.resctrl.mounts.interface import ResctrlMount
from tests.cgroups import Cgroup, Cgroups, first_line
from tests.measuring import SLEEPING
from wca_core.agent import Agent
from wca_core.host import Host
from wca_core.model.metric import Value
from wca_core.model.task import Task
from wca_core.testing import GivenTasks, Measured, make_task, running


@dataclass(eq=False)
class Running:
    """An agent that steps when it is told to."""

    agent: Agent
    given: GivenTasks

    def step(self, times: int = 1) -> Measured:
        """The last of so many steps."""
        for _ in range(times):
            step = self.agent.step()
        return Measured(step, self.agent.host.statistics)


@dataclass(eq=False)
class Scene:
    """What a test starts from."""

    mount: ResctrlMount
    cgroups: Cgroups

    def sleeping(self, name: str) -> Cgroup:
        """A cgroup in which one process sleeps."""
        cgroup = self.cgroups.make(name)
        first_line(cgroup.run(*SLEEPING))
        return cgroup

    def foreign(self, count: int, control: str = "") -> list[Path]:
        """Monitoring groups that somebody else made."""
        made = [self.mount.path / control / "mon_groups" / f"foreign-{number}" for number in range(count)]
        for path in made:
            path.mkdir()
        return made

    @contextmanager
    def agent(self, *cgroups: Cgroup, host: Host | None = None, **options: object) -> Iterator[Running]:
        """An agent for these tasks that does not start without resctrl."""
        given = GivenTasks(tasks=[task_of(cgroup) for cgroup in cgroups])
        fields = {"resctrl_path": str(self.mount.path), "rdt_enabled": True, **options}
        with running(host or Host(), [given, Rdt(**fields)]) as agent:  # type: ignore[arg-type]
            yield Running(agent, given)

    def group(self, cgroup: Cgroup, control: str = "") -> Path:
        """Where the group of a task is, if it is in this control group."""
        return self.mount.path / self.name(cgroup, control)

    def name(self, cgroup: Cgroup, control: str = "") -> str:
        """As the mount names it."""
        return f"{control}/mon_groups/{group_name(cgroup.path)}".lstrip("/")

    def members(self, cgroup: Cgroup, control: str = "") -> set[int]:
        """The threads in the group of a task."""
        return threads(self.group(cgroup, control))

    def groups(self) -> set[str]:
        """All groups but the root, by their paths below the mount."""
        found = (path.parent for path in self.mount.path.rglob("tasks"))
        return {str(path.relative_to(self.mount.path)) for path in found} - {"."}


def task_of(cgroup: Cgroup, *containers: Cgroup) -> Task:
    """The task of a cgroup."""
    return make_task(cgroup.path, *(container.path for container in containers))


def pids(cgroup: Cgroup) -> set[int]:
    """The processes that were started in a cgroup."""
    return {process.pid for process in cgroup.processes}


def moved(measured: Measured, cgroup: Cgroup) -> Value | None:
    """The memory traffic of a task so far."""
    return measured.value("task_mem_bandwidth_bytes", cgroup.path)


def held(measured: Measured, cgroup: Cgroup) -> Value | None:
    """The cache that a task occupies."""
    return measured.value("task_llc_occupancy_bytes", cgroup.path)


def missing(measured: Measured, *cgroups: Cgroup) -> list[Value | None]:
    """Whether these tasks have no group."""
    return [measured.value("wca_rdt_monitoring_missing", cgroup.path) for cgroup in cgroups]
