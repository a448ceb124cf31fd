"""What runs on this host by itself: every cgroup that holds processes directly.

Names are the paths of the cgroups; the container engines are not asked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from wca_core.host import Host
from wca_core.linux.files import read_file
from wca_core.model.task import Task
from wca_core.plugin_api import hookimpl, plugin

DEEPEST = 8


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class LocalNode:
    """The cgroups of this host that hold processes; where there are none but the root, the root is the one task."""

    max_tasks: int = 1000

    _made: dict[str, Task] = field(default_factory=dict, init=False, repr=False)

    @hookimpl
    def discover_tasks(self, host: Host) -> Iterator[Task]:
        paths = sorted(populated(host))[: self.max_tasks] or ["/"]
        self._made = {path: self._made.get(path) or _task(path) for path in paths}
        yield from self._made.values()


def populated(host: Host) -> set[str]:
    """The paths, below the root, of all cgroups that hold processes directly, in any tree that is measured."""
    found = (host.hierarchies.tree(controller) for controller in ("memory", "cpuacct", "cpu"))
    trees = {tree.directory: tree for tree in found if tree is not None}
    return {path for tree in trees.values() for path in _populated_below(tree.at("/"), "", 0)}


def _populated_below(root: str, path: str, depth: int) -> Iterator[str]:
    try:
        with os.scandir(root + path) as entries:
            children = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return  # gone meanwhile
    for child in children:
        below = f"{path}/{child}"
        if _has_processes(f"{root}{below}/cgroup.procs"):
            yield below
        if depth < DEEPEST:
            yield from _populated_below(root, below, depth + 1)


def _has_processes(file: str) -> bool:
    try:
        return bool(read_file(file))
    except OSError:
        return False  # gone meanwhile, or a threaded cgroup, which does not tell


def _task(path: str) -> Task:
    name = path.strip("/") or "host"
    return Task(task_id=name, name=name, cgroup_path=path)
