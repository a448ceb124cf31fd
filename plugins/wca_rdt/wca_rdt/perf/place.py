"""Where the kernel keeps the cgroups by which it counts: in the v1 tree of perf_event, else in the unified one.

In the unified tree `perf_event` is in every cgroup without being listed in `cgroup.controllers`, unless a v1 tree has
it. So on a hybrid host without such a tree the cgroup is that of the same path in the unified tree.
"""

from __future__ import annotations

from wca_core.errors import HostError
from wca_core.linux.cgroup import Hierarchies, Tree
from wca_core.model.task import Task

CONTROLLER = "perf_event"


def tree_of(hierarchies: Hierarchies) -> Tree | None:
    """None if there is none."""
    return hierarchies.v1.get(CONTROLLER, hierarchies.unified)


def directory_of(hierarchies: Hierarchies, task: Task, path: str) -> str:
    """Of one of the cgroups of a task. Raises `HostError`."""
    tree = tree_of(hierarchies)
    if tree is None:
        raise HostError("no cgroup is counted: neither cgroup2 nor a cgroup tree with perf_event is mounted")
    if CONTROLLER in hierarchies.v1 and not task.subcgroups_paths:
        path = task.controller_paths.get(CONTROLLER, path)
    return tree.at(path)
