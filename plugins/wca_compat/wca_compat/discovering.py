"""Asks an older node for its tasks."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from wca_compat.adapted import Adapted, contained
from wca_compat.nodes import Task as OlderTask
from wca_compat.signatures import GET_TASKS, count_of
from wca_compat.task_conversion import task_of
from wca_core import ContractError, Task, hookimpl

log = logging.getLogger("wca.compat")

PLAIN = frozenset({str, int, float, bool})
"""What can be compared without asking code of others."""


class NodeAdapter(Adapted):
    """A discoverer around a component with `get_tasks() -> List[Task]`.

    A task that cannot be one of ours costs only itself, and is told once as long as it comes.
    """

    def prepare(self) -> None:
        count_of(self.component, "get_tasks", GET_TASKS)
        super().prepare()
        self._refused: frozenset[str] = frozenset()
        self._known: dict[str, tuple[object, Task]] = {}
        """By task id: what the component told of it, and what that came to."""

    @hookimpl
    def discover_tasks(self) -> list[Task]:
        with contained(self.label, "get_tasks"):
            given = self.component.get_tasks()  # type: ignore[attr-defined]
            if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
                raise ContractError(f"{self.label}.get_tasks returned {type(given).__name__}; a list of tasks expected")
            return self._converted(list(given))

    def _converted(self, given: Iterable[object]) -> list[Task]:
        tasks, refused = [], set()
        for one in given:
            try:
                tasks.append(self._task(one))
            except Exception as error:  # noqa: BLE001  attributes may be properties, which may raise anything
                refused.add(str(error))
        for reason in sorted(refused - self._refused):
            log.warning("%s: a task is left out: %s", self.label, reason)
        self._refused = frozenset(refused)
        if len(self._known) > 2 * len(tasks):  # most of them are gone
            self._known = {task.task_id: self._known[task.task_id] for task in tasks if task.task_id in self._known}
        return tasks

    def _task(self, given: object) -> Task:
        """The same as in the step before, if the component tells the same of it."""
        told = _told(given)
        if told is None:
            return task_of(given)
        known = self._known.get(told[0])
        if known is not None and known[0] == told:
            return known[1]
        task = task_of(given)
        self._known[told[0]] = told, task
        return task


def _told(given: object) -> tuple[Any, ...] | None:
    """All that a task is made of, the id first; None for one that is odd.

    The types count too: `1` and `True` are equal, their texts are not.
    """
    if type(given) is not OlderTask or type(given.subcgroups_paths) is not list:
        return None
    containers = given.subcgroups_paths
    told: list[Any] = [given.task_id, given.name, given.cgroup_path, len(containers), *containers]
    for part in (given.labels, given.resources):
        if type(part) is not dict:
            return None
        told += [len(part), *part, *part.values()]
    types = tuple(map(type, told))
    return (*told, types) if PLAIN.issuperset(types) and types[0] is str else None
