"""The processes and threads of each task, read at most once a step for all who ask.

| version | a task with containers | another task |
|---|---|---|
| v1 | what is directly in its containers | what is directly in its cgroup |
| v2 | what is in and below its containers, and directly in its own cgroup | what is in and below its cgroup |

On v2 a container may keep its processes in cgroups of its own making, and one may be in the pod's for a moment.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import TypeAlias

from wca_core.errors import CgroupGone, HostError
from wca_core.linux.cgroup import Hierarchies
from wca_core.linux.files import is_gone
from wca_core.linux.processes import read_processes, read_threads, subtree
from wca_core.model.task import Task

log = logging.getLogger("wca.processes")

V1_TREES = ("cpu", "cpuacct", "memory", "pids")
"""Container engines put a container into all of them; others may use only some."""

Ids: TypeAlias = frozenset[int]


class ProcessLists:
    """The lists of one host; `forget` begins a new step."""

    def __init__(self, proc: str, hierarchies: Callable[[], Hierarchies]) -> None:
        self._proc = proc
        self._hierarchies = hierarchies
        self._read: dict[tuple[str, str], Ids] = {}
        self._has_told = False

    def forget(self) -> None:
        self._read.clear()

    def processes(self, task: Task) -> Ids:
        """The ids of all processes of a task. Raises `CgroupGone` if none of its cgroups is there, `HostError`."""
        return self._once("processes", task, partial(read_processes, proc=self._proc))

    def threads(self, task: Task) -> Ids:
        """The ids of all threads of a task. Raises as `processes`."""
        return self._once("threads", task, read_threads)

    def _once(self, kind: str, task: Task, read: Callable[[str], set[int]]) -> Ids:
        found = self._read.get((kind, task.task_id))
        if found is None:
            found = self._read[kind, task.task_id] = self._visible(self._union(task, read))
        return found

    def _visible(self, ids: set[int]) -> Ids:
        if 0 in ids and not self._has_told:
            self._has_told = True
            log.error("tasks have processes that are not visible here: run the agent in the PID namespace of the host")
        return frozenset(ids - {0})

    def _union(self, task: Task, read: Callable[[str], set[int]]) -> set[int]:
        whole: set[int] = set()
        is_there = False
        for directory in self._directories(task):
            try:
                whole |= read(directory)
                is_there = True
            except OSError as error:
                if not is_gone(error):
                    raise HostError(f"{directory}: processes cannot be read: {error.strerror}") from error
            except ValueError as error:
                raise HostError(f"{directory}: ids of processes expected: {error}") from error
        if not is_there:
            raise CgroupGone(f"no cgroup of task {task.task_id} is there")
        return whole

    def _directories(self, task: Task) -> Iterator[str]:
        hierarchies = self._hierarchies()
        if trees := {name: hierarchies.v1[name] for name in V1_TREES if name in hierarchies.v1}:
            for path in task.cgroup_paths:
                own = {} if task.subcgroups_paths else task.controller_paths
                places = (tree.at(own.get(name, path)) for name, tree in trees.items())
                yield from islice(filter(os.path.isdir, places), 1)
        elif hierarchies.unified is not None:
            if task.subcgroups_paths:
                yield hierarchies.unified.at(task.cgroup_path)
            for path in task.cgroup_paths:
                yield from subtree(hierarchies.unified.at(path))
