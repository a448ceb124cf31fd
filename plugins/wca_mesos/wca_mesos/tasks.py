"""Tasks of Mesos as tasks to measure: pure, from what the agent told and where processes are.

A task of a task group runs in a container that is nested in the one of its executor, the root container.

| tasks in nested containers | become |
|---|---|
| as a rule | one for each root container |
| wanted separate, and all of a root container have cgroups with limits of their own | one each |

Two tasks never have one cgroup: of those in the same the first by id is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wca_core.model.task import Task
from wca_mesos.labels import common
from wca_mesos.resources import added
from wca_mesos.state import Container, Executor, Running

SEPARATOR = "mesos"
"""Stands between the cgroup of a container and that of one nested in it: `/mesos/ROOT/mesos/NESTED`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MesosTask(Task):
    """A task with what Mesos knows it by; an id that is not told is empty."""

    executor_pid: int | None = None
    container_id: str = ""
    """Of the root container, for a group."""
    executor_id: str = ""
    agent_id: str = ""
    framework_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is seen of containers on this machine."""

    pids: Mapping[Container, int] = field(default_factory=dict)
    """Of containers that the agent listed."""
    paths: Mapping[int, str]
    """Cgroups by pid; a process that is in none is not among them."""
    without_limits: frozenset[str] = frozenset()
    """Cgroups that only group processes."""


def tasks_of(
    running: Sequence[Running], sight: Sight, executors: Mapping[Executor, Mapping[str, float]], *, separate: bool
) -> tuple[list[MesosTask], list[str]]:
    """The tasks in the order of `running`, and what is wrong with those left out.

    `executors`: their resources, apart from those of their tasks. Every pid in `running` is among `sight.paths`.
    """
    groups: dict[Container, list[Running]] = {}
    for one in running:
        if one.is_nested:
            groups.setdefault(one.container[:1], []).append(one)
    if separate:
        groups = {root: members for root, members in groups.items() if not all(_has_own(one, sight) for one in members)}
    return _without_conflicts([*_made(running, groups, sight, executors)])


def _made(
    running: Sequence[Running],
    groups: Mapping[Container, Sequence[Running]],
    sight: Sight,
    executors: Mapping[Executor, Mapping[str, float]],
) -> Iterator[MesosTask]:
    """`groups`: those that become one task, by root container."""
    for one in running:
        members = groups.get(one.container[:1], ()) if one.is_nested else ()
        if not members:
            yield _single(one, sight, one.resources or executors.get(one.executor, {}))
        elif one is members[0]:
            yield _group(members, sight, executors)


def root_path(path: str, container: Container) -> str:
    """The cgroup of the root container, given that of a container in it; the same if they share one."""
    for container_id in reversed(container[1:]):
        path = path.removesuffix(f"/{SEPARATOR}/{container_id}")
    return path


def _single(one: Running, sight: Sight, resources: Mapping[str, float]) -> MesosTask:
    return MesosTask(
        task_id=one.task_id,
        name=one.name,
        cgroup_path=_path(one, sight),
        labels=one.labels,
        resources=resources,
        executor_pid=one.executor_pid,
        container_id=one.container[-1] if one.container else "",
        executor_id=one.executor_id,
        agent_id=one.agent_id,
        framework_id=one.framework_id,
    )


def _group(members: Sequence[Running], sight: Sight, executors: Mapping[Executor, Mapping[str, float]]) -> MesosTask:
    """`members`: all tasks in the containers of one root container."""
    first = members[0]
    root = first.container[:1]
    pid = sight.pids.get(root)
    name = first.executor_id or root[0]
    return MesosTask(
        task_id=name,
        name=name,
        cgroup_path=sight.paths.get(pid or 0) or root_path(_path(first, sight), first.container),
        subcgroups_paths=_subcgroups(root, members, sight),
        labels=common([one.labels for one in members]),
        resources=added([executors.get(first.executor, {}), *(one.resources for one in members)]),
        executor_pid=pid,
        container_id=root[0],
        executor_id=first.executor_id,
        agent_id=first.agent_id,
        framework_id=first.framework_id,
    )


def _subcgroups(root: Container, members: Iterable[Running], sight: Sight) -> tuple[str, ...]:
    """The cgroups directly in that of the root container; none unless every container has one with limits.

    Usage is read there instead of in the root's, so what is in no such cgroup would be lost.
    """
    pids = {one.container: one.executor_pid for one in members}
    pids |= {one: pid for one, pid in sight.pids.items() if one[:1] == root and len(one) > 1}
    paths = {one: sight.paths[pid] for one, pid in pids.items() if pid is not None and pid in sight.paths}
    if not all(_is_own(path, one, sight) for one, path in paths.items()):
        return ()
    return tuple(dict.fromkeys(root_path(path, one[1:]) for one, path in paths.items()))


def _path(one: Running, sight: Sight) -> str:
    assert one.executor_pid is not None
    return sight.paths[one.executor_pid]


def _has_own(one: Running, sight: Sight) -> bool:
    return _is_own(_path(one, sight), one.container, sight)


def _is_own(path: str, container: Container, sight: Sight) -> bool:
    """Whether a cgroup limits this nested container alone."""
    return path != root_path(path, container) and path not in sight.without_limits


def _without_conflicts(tasks: Sequence[MesosTask]) -> tuple[list[MesosTask], list[str]]:
    owners: dict[str, MesosTask] = {}
    for task in tasks:
        owner = owners.setdefault(task.cgroup_path, task)
        if task.task_id < owner.task_id:
            owners[task.cgroup_path] = task
    kept: dict[str, MesosTask] = {}
    complaints = []
    for task in tasks:
        owner = owners[task.cgroup_path]
        if owner is not task:
            complaints.append(
                f"task {task.task_id} is in cgroup {task.cgroup_path} together with task {owner.task_id}, which is "
                "measured as a whole; it is left out"
            )
        elif task.task_id in kept:
            complaints.append(
                f"two tasks have the id {task.task_id}; that of framework {task.framework_id} is left out"
            )
        else:
            kept[task.task_id] = task
    return list(kept.values()), complaints
