"""Real cgroups with the controller cpuset, and an agent that allocates to them: what does the kernel make of it?"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.cgroups import Cgroup, Cgroups, NoCgroupsError, Trees, find_trees
from wca_core.agent import Agent
from wca_core.allocation_configuration import AllocationConfiguration
from wca_core.builtin.cgroup_control.control import CgroupControl
from wca_core.host import Host
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.task import Task
from wca_core.plugin_api import hookimpl, plugin
from wca_core.settings import AllocationSettings
from wca_core.testing import Measured, running

FILES = (
    *("cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.cfs_burst_us", "cpu.shares", "cpu.idle"),
    *("cpu.max", "cpu.max.burst", "cpu.weight"),
    *("cpuset.cpus", "cpuset.mems", "cpuset.memory_migrate"),
    *("memory.high", "memory.low", "memory.min", "memory.soft_limit_in_bytes"),
)
"""Every file that cgroup-control may write."""


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Wishing:
    """An allocator that wishes what it is told."""

    wishes: list[Allocation] = field(default_factory=list)

    @hookimpl
    def allocate(self) -> list[Allocation]:
        return self.wishes


@dataclass
class Scene:
    """Cgroups of one test."""

    cgroups: Cgroups
    folder: Path

    @property
    def version(self) -> int:
        return self.cgroups.trees.version

    def state(self, *cgroups: Cgroup) -> Mapping[str, bytes]:
        """All that may be written, byte for byte.

        Of the sets of v2 what is in effect: with processes in it, the kernel lets no cgroup inherit again.
        """
        paths = (directory / name for cgroup in cgroups for directory in cgroup.directories for name in FILES)
        return {str(path): self._content(path) for path in dict.fromkeys(paths) if path.exists()}

    def _content(self, path: Path) -> bytes:
        is_set = path.name in ("cpuset.cpus", "cpuset.mems")
        return Path(f"{path}.effective" if is_set and self.version == 2 else path).read_bytes()

    @contextmanager
    def agent(self, *tasks: Task, more: Sequence[object] = (), **configured: object) -> Iterator[Allocating]:
        """An agent that puts everything back at its end, with more plugins."""
        host = Host(allocation_configuration=AllocationConfiguration(**{"cpu_quota_period": 100000, **configured}))  # type: ignore[arg-type]
        settings = AllocationSettings(restore_on_exit="managed", restore_state_file=str(self.folder / "journal"))
        wishing = Wishing()
        with running(host, [CgroupControl(), wishing, *more], tasks, allocation=settings) as agent:
            yield Allocating(wishing, agent)


@dataclass
class Allocating:
    """A running agent to which wishes are whispered."""

    wishing: Wishing
    agent: Agent

    def step(self) -> Measured:
        measured = Measured(self.agent.step(), self.agent.host.statistics)
        self.agent.host.statistics.iterations += 1
        return measured

    def allocate(self, task: Task, **wishes: object) -> Measured:
        """One step with these wishes only, by type."""
        self.wishing.wishes = [Allocation(task.task_id, AllocationType(name), value) for name, value in wishes.items()]
        return self.step()


def task_of(cgroup: Cgroup, *containers: Cgroup, **fields: object) -> Task:
    return Task(  # type: ignore[misc]
        task_id=cgroup.path,
        name=cgroup.path.strip("/"),
        cgroup_path=cgroup.path,
        subcgroups_paths=tuple(one.path for one in containers),
        **fields,  # type: ignore[arg-type]
    )


@contextmanager
def allocation_scene(folder: Path) -> Iterator[Scene]:
    """Skips where no such cgroups can be made."""
    try:
        cgroups = CpusetCgroups(_with_cpuset(find_trees()))
    except NoCgroupsError as reason:
        pytest.skip(str(reason))
    try:
        yield Scene(cgroups, folder)
    finally:
        cgroups.remove()


class CpusetCgroups(Cgroups):
    """On v1 a new cpuset is empty, so nothing could run in it: it is given what its parent has."""

    def __init__(self, trees: Trees) -> None:
        super().__init__(trees, f"/wca-test-{os.getpid()}-{secrets.token_hex(3)}")

    def _known(self, path: str) -> Cgroup:
        is_new = all(cgroup.path != path for cgroup in self.made)
        if is_new and self.trees.version == 2:
            above = self.trees.directories["cpuset"] / path.rpartition("/")[0].strip("/")
            (above / "cgroup.subtree_control").write_text("+cpuset")
        cgroup = super()._known(path)
        if is_new and self.trees.version == 1:
            for name in ("cpuset.cpus", "cpuset.mems"):
                cgroup.file(name).write_text((cgroup.file(name).parent.parent / name).read_text())
        return cgroup


def _with_cpuset(trees: Trees) -> Trees:
    root = trees.directories["cpu"] if trees.version == 2 else _v1_cpuset()
    return replace(trees, directories={**trees.directories, "cpuset": root})


def _v1_cpuset() -> Path:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, options, *_ = line.split()
        if kind == "cgroup" and "cpuset" in options.split(","):
            return Path(point)
    raise NoCgroupsError("cgroup v1 is mounted here without cpuset")


def seconds(cgroups: Sequence[Cgroup]) -> list[float]:
    """CPU time that each has used."""
    return [_seconds(cgroup) for cgroup in cgroups]


def _seconds(cgroup: Cgroup) -> float:
    if cgroup.trees.version == 1:
        return int(cgroup.file("cpuacct.usage").read_text()) / 1e9
    words = cgroup.file("cpu.stat").read_text().split()
    return int(words[words.index("usage_usec") + 1]) / 1e6
