"""Where the cgroups of a task are seen: its own, which is the pod's for a pod, and those of its containers."""

from __future__ import annotations

import os
from dataclasses import dataclass

from wca_core.host import Host
from wca_core.linux.cgroup import Hierarchies
from wca_core.model.task import Task


@dataclass(frozen=True, slots=True)
class Directories:
    """For one controller and one task."""

    is_v1: bool
    own: str
    containers: tuple[str, ...]
    """None for a task without sub-cgroups."""

    @property
    def innermost(self) -> tuple[str, ...]:
        """Those in which its processes are: of the containers if there are any, else its own."""
        return self.containers or (self.own,)

    @property
    def all(self) -> tuple[str, ...]:
        return self.own, *self.containers


def directories(hierarchies: Hierarchies, controller: str, task: Task) -> Directories | None:
    """None if the machine has the controller nowhere."""
    tree = hierarchies.tree(controller)
    if tree is None:
        return None
    subcgroups = tuple(dict.fromkeys(task.subcgroups_paths))
    own = task.cgroup_path if subcgroups else task.controller_paths.get(controller, task.cgroup_path)
    return Directories(hierarchies.is_v1(controller), tree.at(own), tuple(map(tree.at, subcgroups)))


def is_there(host: Host, task: Task) -> bool:
    """Whether any controller that is written here has the task's cgroup."""
    places = (directories(host.hierarchies, controller, task) for controller in ("cpu", "cpuset", "memory"))
    return any(os.path.isdir(found.own) for found in places if found is not None)
