"""Where the containers of tasks are on this machine, and what is wrong with those that are nowhere."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wca_core.host import Host
from wca_mesos.cgroups import CgroupLookup, UnknownCgroup, has_limits
from wca_mesos.state import Container, Running
from wca_mesos.tasks import Sight

log = logging.getLogger("wca.mesos")


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a task that is left out, or looks wrong with one that is not."""

    text: str
    level: int = logging.WARNING


class Told:
    """Tells each complaint once, and again if it was over meanwhile."""

    def __init__(self) -> None:
        self._told: set[Complaint] = set()

    def tell(self, complaints: Iterable[Complaint]) -> None:
        """All complaints there are now."""
        found = dict.fromkeys(complaints)
        for complaint in found:
            if complaint not in self._told:
                log.log(complaint.level, "%s", complaint.text)
        self._told = set(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Tasks whose cgroup was found, what was seen of their containers, and what is wrong with them and the others."""

    running: Sequence[Running]
    sight: Sight
    complaints: Sequence[Complaint]


def look(lookup: CgroupLookup, host: Host, running: Sequence[Running], pids: Mapping[Container, int]) -> Seen:
    """`pids`: of containers that the agent listed; only those around nested tasks are looked for."""
    roots = {one.container[0] for one in running if one.is_nested}
    around = {container: pid for container, pid in pids.items() if container[0] in roots}
    told = [(_container(one), one.executor_pid) for one in running if one.executor_pid is not None]
    paths, errors = lookup.find(host, [*told, *around.items()])
    found = [pair for pair in (*told, *around.items()) if pair not in errors]
    nested = {paths[pid] for container, pid in found if len(container) > 1}
    judged = [(one, _complaint(one, errors)) for one in running]
    kept = [one for one, complaint in judged if complaint is None]
    doubts = [_doubt(one, paths.get(one.executor_pid or 0, "")) for one in kept]
    return Seen(
        running=kept,
        sight=Sight(
            pids={container: pid for container, pid in around.items() if (container, pid) not in errors},
            paths=paths,
            without_limits=frozenset(path for path in nested if not has_limits(host, path)),
        ),
        complaints=[one for one in (*(complaint for _, complaint in judged), *doubts) if one is not None],
    )


def _complaint(one: Running, errors: Mapping[tuple[Container, int], UnknownCgroup]) -> Complaint | None:
    """None: its cgroup was found."""
    subject = f"task {one.task_id} (agent {one.agent_id or 'unknown'}) is left out"
    if one.executor_pid is None:
        return Complaint(f"{subject}: its status has no executor_pid")
    error = errors.get((_container(one), one.executor_pid))
    if error is None:
        return None
    return Complaint(f"{subject}: {error}", logging.DEBUG if error.has_ended else logging.WARNING)


def _doubt(one: Running, path: str) -> Complaint | None:
    """Mesos names the cgroup of a container after it: another one may be that of much more, or of somebody else."""
    if not one.container or one.container[0] in path:
        return None
    return Complaint(
        f"task {one.task_id} is measured in cgroup {path}, which is not named after its container: the Mesos agent may "
        "lack an isolator (--isolation=cgroups/cpu,cgroups/mem), or tell pids of another PID namespace"
    )


def _container(one: Running) -> Container:
    """A task whose container is not told is one of its own."""
    return one.container or (f"of task {one.task_id}",)
