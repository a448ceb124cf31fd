"""On which CPUs tasks are counted: all that are online, some of them, or those that each task may use.

Fewer CPUs are fewer files: a container that may use four of 128 CPUs needs no counters on the others.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from wca_core.config.field_types import FieldCheck
from wca_core.linux.cgroup import Hierarchies, Tree
from wca_core.linux.cpulist import parse_cpulist
from wca_core.linux.sysfs import read_list
from wca_core.model.platform import Platform
from wca_core.model.task import Task

CPUSET = "cpuset"
"""The word for the CPUs that a task may use."""

_EFFECTIVE_V1 = "cpuset.effective_cpus"
_EFFECTIVE_V2 = "cpuset.cpus.effective"


@dataclass(frozen=True, slots=True)
class IsCpus(FieldCheck):
    """A list of CPUs, or `cpuset`."""

    def check(self, value: str | int) -> None:
        if value == CPUSET:
            return
        try:
            is_right = bool(parse_cpulist(str(value)))
        except ValueError:
            is_right = False
        if not is_right:
            raise ValueError("a list of CPUs such as 0-3,8, or 'cpuset',")


@dataclass(frozen=True, slots=True)
class Cpuset:
    """The CPUs that one cgroup may use: told by it, or by the nearest one above that has the controller."""

    tree: Tree
    file: str
    path: str

    def cpus(self, online: Collection[int]) -> Collection[int]:
        """Those of them; all if no cgroup tells. Raises `HostError`."""
        path = self.path
        while True:
            found = read_list(f"{self.tree.at(path)}/{self.file}")
            if found:
                return tuple(cpu for cpu in online if cpu in found)
            if path in ("", "/"):
                return online
            path = path.rpartition("/")[0]


def cpuset_of(hierarchies: Hierarchies, task: Task, path: str) -> Cpuset | None:
    """Of one of the cgroups of a task; None if there is no tree with the controller."""
    tree = hierarchies.tree(CPUSET)
    if tree is None:
        return None
    if not hierarchies.is_v1(CPUSET):
        return Cpuset(tree, _EFFECTIVE_V2, path)
    own = path if task.subcgroups_paths else task.controller_paths.get(CPUSET, path)
    return Cpuset(tree, _EFFECTIVE_V1, own)


class CountedCpus:
    """Those of a machine that are to be counted, as they come and go."""

    def __init__(self, wanted: str | int | None) -> None:
        is_list = wanted is not None and wanted != CPUSET
        self._wanted = parse_cpulist(str(wanted)) if is_list else None
        self._platform: Platform | None = None
        self._cpus: Collection[int] = ()

    def now(self, platform: Platform) -> Collection[int]:
        """The same object until a CPU comes or goes."""
        if platform is not self._platform:
            self._platform = platform
            wanted = self._wanted
            self._cpus = tuple(cpu for cpu in platform.online_cpus if wanted is None or cpu in wanted)
        return self._cpus
