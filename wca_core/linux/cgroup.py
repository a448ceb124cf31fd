"""Where the cgroup hierarchies of a machine are mounted: cgroups(7), and `mountinfo` in proc(5).

| mounted | mode | a controller is found |
|---|---|---|
| only cgroup2 | v2 | in the unified tree |
| only cgroup | v1 | in the tree that has its name among the super options |
| both | hybrid | in its v1 tree if it has one, else in the unified tree |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from wca_core.errors import HostError
from wca_core.linux.files import read_text
from wca_core.linux.mounts import Mount, mount_table, read_mounts

V1_CONTROLLERS = frozenset(
    [
        "cpu",
        "cpuacct",
        "cpuset",
        "memory",
        "blkio",
        "pids",
        "perf_event",
        "devices",
        "freezer",
        "hugetlb",
        "net_cls",
        "net_prio",
        "rdma",
        "misc",
    ]
)


class Mode(StrEnum):
    V1 = "v1"
    V2 = "v2"
    HYBRID = "hybrid"


@dataclass(frozen=True, slots=True)
class Tree:
    """A mounted hierarchy: the directory at which the cgroup named `root` is seen."""

    directory: str
    root: str = "/"

    def at(self, path: str) -> str:
        """The directory of a cgroup, whose path starts with `/` and counts from the root of the hierarchy."""
        if self.root != "/" and (path + "/").startswith(self.root + "/"):
            path = path[len(self.root) :]
        return (self.directory + path).rstrip("/")


@dataclass(frozen=True, slots=True)
class Hierarchies:
    """The trees of one machine."""

    v1: Mapping[str, Tree]
    """By controller."""
    unified: Tree | None
    unified_controllers: frozenset[str]

    @property
    def mode(self) -> Mode:
        if not self.v1:
            return Mode.V2
        return Mode.HYBRID if self.unified else Mode.V1

    def tree(self, controller: str) -> Tree | None:
        """The tree in which a controller is; None if it is nowhere. `cpuacct` is part of `cpu` on v2."""
        if controller in self.v1:
            return self.v1[controller]
        wanted = "cpu" if controller == "cpuacct" else controller
        if self.unified and (wanted in self.unified_controllers or (not self.v1 and wanted == "cpu")):
            return self.unified  # cpu.stat is in every directory of the unified tree, controller or not
        return None

    def is_v1(self, controller: str) -> bool:
        return controller in self.v1


def find_hierarchies(root: str, proc: str) -> Hierarchies:
    """The hierarchies of the machine whose file system is seen at `root` and whose /proc is seen at `proc`.

    Raises `HostError` that lists what was searched.
    """
    mounts = read_mounts(root, proc)
    v1 = {
        controller: Tree(_below(root, mount.point), mount.root)
        for mount in sorted(mounts, key=_fitness)
        if mount.filesystem == "cgroup"
        for controller in mount.super_options & V1_CONTROLLERS
    }
    unified = _unified(mounts, root)
    if not v1 and unified is None:
        raise HostError(
            f"no cgroup filesystem found: {mount_table(root, proc)} lists neither a cgroup nor a cgroup2 mount "
            "(mount -t cgroup2 cgroup2 /sys/fs/cgroup)"
        )
    return Hierarchies(v1, unified, _controllers(unified))


def parse_process_cgroups(text: str) -> dict[str, str]:
    """`/proc/PID/cgroup`: controller -> path; the unified hierarchy has the controller name ''."""
    paths: dict[str, str] = {}
    for line in text.splitlines():
        fields = line.split(":", 2)
        if len(fields) == 3:
            paths.update(dict.fromkeys(fields[1].split(","), fields[2]))
    return paths


def _unified(mounts: list[Mount], root: str) -> Tree | None:
    found = max((mount for mount in reversed(mounts) if mount.filesystem == "cgroup2"), key=_fitness, default=None)
    return Tree(_below(root, found.point), found.root) if found else None


def _fitness(mount: Mount) -> tuple[bool, bool]:
    """Higher for a mount of the whole hierarchy, then for one at the usual place: containers mount parts elsewhere."""
    return mount.root == "/", f"{mount.point}/".startswith("/sys/fs/cgroup/")


def _controllers(unified: Tree | None) -> frozenset[str]:
    return frozenset(read_text(f"{unified.directory}/cgroup.controllers").split()) if unified else frozenset()


def _below(root: str, path: str) -> str:
    return path if root in ("", "/") else root.rstrip("/") + path
