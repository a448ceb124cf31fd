"""What is in force of all tasks: read once a step, turned into allocations again only where something changed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wca_core.builtin.cgroup_control.resource import Resource, Texts
from wca_core.builtin.cgroup_control.task_files import TaskFiles
from wca_core.builtin.cgroup_control.units import Units
from wca_core.builtin.complaints import Complaints
from wca_core.host import Host
from wca_core.linux.files import is_gone
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.task import Task
from wca_core.per_task import PerTask

log = logging.getLogger("wca.cgroup-control")


@dataclass(slots=True)
class _Read:
    """What was read of one task."""

    task: Task
    files: TaskFiles
    texts: Texts | None = None
    """None: it could not be read in this step."""
    told: tuple[Texts, Units] | None = None
    """What the allocations were made from."""
    allocations: tuple[Allocation, ...] = ()


class InForce:
    """Of the tasks of one machine."""

    def __init__(self, resources: Sequence[Resource], host: Host, wanted: frozenset[AllocationType]) -> None:
        """`wanted`: the types that are told; `look_also` adds to them."""
        self._resources = resources
        self._host = host
        self._wanted = wanted
        self._states = PerTask(self._met, close=lambda state: state.files.close())
        self._by_id: dict[str, _Read] = {}
        self._complaints = Complaints(log)

    def read(self, tasks: Sequence[Task]) -> None:
        """All files of all tasks."""
        states = self._states.of(tasks, self._host.known_tasks)
        self._by_id = {state.task.task_id: state for state in states}
        for state in states:
            state.texts = self._texts(state)

    def allocations(self, units: Units) -> Iterator[Allocation]:
        """Of the tasks whose files could be read; the very same objects while nothing about them changes."""
        for state in self._by_id.values():
            if state.texts is None:
                continue
            if state.told is None or state.told[0] is not state.texts or state.told[1] is not units:
                state.allocations = tuple(self._made(state.task, state.texts, units))
                state.told = state.texts, units
            yield from state.allocations

    def texts(self, task_id: str) -> Texts:
        """What the files of a task held when they were last read; empty if they could not be."""
        state = self._by_id.get(task_id)
        return {} if state is None or state.texts is None else state.texts

    def look_also(self, types: frozenset[AllocationType]) -> None:
        """Tell these types too from now on: their files are read at once."""
        if not types <= self._wanted:
            self._wanted |= types
            self._states.close()
            self.read([state.task for state in self._by_id.values()])

    def close(self) -> None:
        self._states.close()
        self._by_id = {}

    def _met(self, task: Task) -> _Read:
        paths = (path for resource in self._resources for path in resource.paths(task, self._wanted))
        return _Read(task, TaskFiles(self._host.open_files, paths))

    def _texts(self, state: _Read) -> Texts | None:
        try:
            return state.files.read()
        except OSError as error:
            level = logging.DEBUG if is_gone(error) else logging.WARNING
            text = f"task {state.task.task_id}: what is in force cannot be read: {error}"
            self._complaints.tell(level, "read", state.task.task_id, text)
            return None

    def _made(self, task: Task, texts: Texts, units: Units) -> Iterator[Allocation]:
        for resource in self._resources:
            for type in resource.types:
                if type in self._wanted:
                    yield from self._value(resource, type, task, texts, units)

    def _value(
        self, resource: Resource, type: AllocationType, task: Task, texts: Texts, units: Units
    ) -> Iterator[Allocation]:
        try:
            value = resource.value(type, task, texts, units)
        except ValueError as error:
            text = f"{type} of task {task.task_id}: what is in force cannot be read: {error}"
            self._complaints.tell(logging.WARNING, type, task.task_id, text)
            return
        if value is not None:
            yield Allocation(task.task_id, type, value)
