"""What an agent answers to GET_STATE and GET_CONTAINERS, as values: pure, from JSON.

Fields that are empty are absent in it: an idle agent answers `"get_tasks": {}`. Shapes:
https://github.com/apache/mesos/blob/master/include/mesos/v1/agent/agent.proto

| of a launched task | it |
|---|---|
| no statuses, or the latest is not TASK_RUNNING | does not run |
| nothing that tells its id, or an id that no agent gives | is told and left out |
| anything else missing | runs |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from wca_core.errors import TaskSynchronizationException
from wca_core.net.untrusted import items, mapping, number, shown, text
from wca_mesos.labels import labels_of
from wca_mesos.resources import resources_of

RUNNING = "TASK_RUNNING"
LONGEST_ID = 255
"""Characters; Mesos refuses longer ones."""
DEEPEST = 32
"""Containers in containers; Mesos refuses deeper ones."""
LARGEST_PID = 1 << 22
IS_A_MASTER = "this is a master; configure the agent of this machine (mesos_agent_endpoint: https://127.0.0.1:5051)"

Container: TypeAlias = tuple[str, ...]
"""The ids of a container and of those around it, the outermost first."""
Executor: TypeAlias = tuple[str, str]
"""The ids of its framework and of itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A task that runs; an id that is not told is empty."""

    task_id: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, float] = field(default_factory=dict)
    container: Container = ()
    executor_pid: int | None = None
    executor_id: str = ""
    agent_id: str = ""
    framework_id: str = ""

    @property
    def executor(self) -> Executor:
        return self.framework_id, self.executor_id

    @property
    def is_nested(self) -> bool:
        return len(self.container) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """An answer to GET_STATE."""

    running: Sequence[Running]
    launched: int
    """Tasks, also those that do not run yet or any more."""
    executors: Mapping[Executor, Mapping[str, float]]
    """The resources of each, apart from those of its tasks."""
    frameworks: Mapping[str, str]
    """Names by id."""
    complaints: Sequence[str]
    """What is wrong with tasks that are left out."""


def parse_state(answer: object, place: str, prefixes: Sequence[str] = ()) -> State:
    """`place` begins the errors, `prefixes` are dropped from keys of labels. Raises `TaskSynchronizationException`."""
    state = _object(answer, "get_state", place)
    if "get_agents" in state:
        raise TaskSynchronizationException(f"{place}: {IS_A_MASTER}")
    launched = _object(state, "get_tasks", place).get("launched_tasks", [])
    if not isinstance(launched, list):
        raise TaskSynchronizationException(f"{place}: 'launched_tasks': a list expected, found {_kind(launched)}")
    found = [_running(task, prefixes) for task in launched]
    return State(
        running=[one for one in found if isinstance(one, Running)],
        launched=len(launched),
        executors=_executors(state.get("get_executors")),
        frameworks=_frameworks(state.get("get_frameworks")),
        complaints=[one for one in found if isinstance(one, str)],
    )


def parse_containers(answer: object, place: str) -> dict[Container, int]:
    """The pid of each container that has one, of GET_CONTAINERS. Raises `TaskSynchronizationException`."""
    told = items(_object(answer, "get_containers", place).get("containers"))
    found = ((_container(one.get("container_id")), _pid(one.get("container_status"))) for one in map(mapping, told))
    return {container: pid for container, pid in found if container and pid is not None}


def _object(document: object, name: str, place: str) -> Mapping[str, object]:
    part = mapping(document).get(name)
    if not isinstance(part, dict):
        found = _kind(document if not isinstance(document, dict) else part)
        raise TaskSynchronizationException(f"{place}: an object {name!r} expected, found {found}")
    return part


def _kind(value: object) -> str:
    return "nothing" if value is None else type(value).__name__


def _running(document: object, prefixes: Sequence[str]) -> Running | str | None:
    """None: it does not run; a text: what is wrong with it."""
    task = mapping(document)
    status = _latest([one for one in items(task.get("statuses")) if isinstance(one, dict)])
    task_id = _id(mapping(status).get("task_id")) or _id(task.get("task_id"))
    if not task_id:
        return f"a task with a task_id of at most {LONGEST_ID} characters expected, found {document!r:.80}; left out"
    if status is None or status.get("state") != RUNNING:
        return None
    container_status = mapping(status.get("container_status"))
    return Running(
        task_id=task_id,
        name=shown(task.get("name")) or task_id,
        labels=labels_of(task.get("labels"), prefixes),
        resources=resources_of(task.get("resources")),
        container=_container(container_status.get("container_id")),
        executor_pid=_pid(container_status),
        executor_id=_id(task.get("executor_id")),
        agent_id=_id(task.get("agent_id")),
        framework_id=_id(task.get("framework_id")),
    )


def _latest(statuses: Sequence[dict[str, object]]) -> dict[str, object] | None:
    """The one with the largest timestamp; the last of the list among equals, and where one has none."""
    times = [number(status.get("timestamp")) for status in statuses]
    if not statuses or None in times:
        return statuses[-1] if statuses else None
    return max(zip(times, range(len(times)), statuses, strict=True))[2]


def _container(document: object) -> Container:
    """Empty if an id in it is missing, or if it is deeper than a container can be."""
    found: list[str] = []
    while document is not None:
        container_id = _id(document)
        if not container_id or len(found) == DEEPEST:
            return ()
        found.append(container_id)
        document = mapping(document).get("parent")
    return tuple(reversed(found))


def _pid(container_status: object) -> int | None:
    pid = mapping(container_status).get("executor_pid")
    return pid if type(pid) is int and 0 < pid <= LARGEST_PID else None


def _id(document: object) -> str:
    value = text(mapping(document).get("value"))
    return value if len(value) <= LONGEST_ID and value.isprintable() else ""


def _executors(document: object) -> dict[Executor, Mapping[str, float]]:
    told = (mapping(mapping(one).get("executor_info")) for one in items(mapping(document).get("executors")))
    return {
        (_id(one.get("framework_id")), _id(one.get("executor_id"))): resources_of(one.get("resources")) for one in told
    }


def _frameworks(document: object) -> dict[str, str]:
    told = (mapping(mapping(one).get("framework_info")) for one in items(mapping(document).get("frameworks")))
    return {_id(one.get("id")): text(one.get("name")) for one in told}
