"""Which tasks there are: asks every discoverer and keeps the tasks of those that fail."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from operator import is_

from wca_core.dispatch import Binding, Dispatcher
from wca_core.host import Host
from wca_core.labelling import Labelling
from wca_core.model.task import Task, interned

log = logging.getLogger("wca.discovery")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a discoverer said last: its tasks as it gave them, and the same with generated labels."""

    given: Sequence[Task] = ()
    tasks: Sequence[Task] = ()


class Discovery:
    """The tasks of a node, step after step.

    Tasks of a discoverer that failed are not measured in this step, but stay known. Everybody sees the
    very same objects as long as nothing changes.
    """

    def __init__(self, dispatcher: Dispatcher, host: Host, labelling: Labelling) -> None:
        self.tasks: Sequence[Task] = ()
        """To be measured in this step."""
        self.stale: frozenset[str] = frozenset()
        """The ids of those whose discoverer hands out what it knew before: see `discover_tasks` in `hookspecs`."""
        self._dispatcher = dispatcher
        self._host = host
        self._labelling = labelling
        self._answers: dict[str, _Answer] = {}
        self._measured: list[Task] = []

    def look(self) -> bool:
        """Ask every discoverer; False if none succeeded."""
        measured: list[Task] = []
        discoverers = self._dispatcher.with_hook("discover_tasks")
        succeeded = False
        stale: list[Task] = []
        for binding in discoverers:
            outcome = self._dispatcher.call_one(binding, "discover_tasks", host=self._host)
            answer = None if outcome.failed else self._answer(binding, outcome.items)
            if answer is not None:
                succeeded = True
                measured += answer
                stale += answer if getattr(binding.plugin, "is_stale", False) else ()
        if not _are_same(measured, self._measured):
            self._measured = measured
            self.tasks = tuple(self._without_conflicts(measured))
        stale_ids = frozenset(task.task_id for task in stale)
        self.stale = self.stale if stale_ids == self.stale else stale_ids
        self._host.statistics.tasks = len(measured) if succeeded or not discoverers else None
        self._host.statistics.undiscovered_steps += bool(discoverers) and not succeeded
        return succeeded

    def _answer(self, binding: Binding, items: list[object]) -> Sequence[Task] | None:
        """The tasks a discoverer gave, unchanged ones as the objects known; None if it gave anything else."""
        before = self._answers.get(binding.name, _Answer())
        if _are_same(items, before.given):
            return before.tasks
        tasks = [item for item in items if isinstance(item, Task)]
        if len(tasks) < len(items):
            strange = next(item for item in items if not isinstance(item, Task))
            message = f"gave a {type(strange).__name__}; Task expected; its tasks are not measured in this step"
            self._dispatcher.fault(binding, "discover_tasks", message)
            return None
        given = interned(tasks, {task.task_id: task for task in before.given})
        if _are_same(given, before.given):
            return before.tasks
        labelled = self._labelling.labelled(given, zip(before.given, before.tasks, strict=True))
        self._answers[binding.name] = _Answer(given, labelled)
        self._update_known()
        return labelled

    def _update_known(self) -> None:
        known = {task.task_id: task for answer in self._answers.values() for task in answer.tasks}
        for task in self._host.known_tasks.values():
            if known.get(task.task_id) is not task:
                task.series_cache.clear()  # a task and its series hold each other: do not leave that to the collector
        self._host.known_tasks = known
        self._labelling.forget_all_but(known)

    def _without_conflicts(self, tasks: list[Task]) -> list[Task]:
        """Of tasks with one id or one cgroup the first; the others are dropped and counted."""
        ids: set[str] = set()
        paths: set[str] = set()
        kept = []
        for task in tasks:
            if task.task_id in ids or task.cgroup_path in paths:
                self._host.statistics.conflicting_tasks += 1
                log.debug("task %s is dropped: an earlier one has its id or cgroup %s", task.task_id, task.cgroup_path)
                continue
            ids.add(task.task_id)
            paths.add(task.cgroup_path)
            kept.append(task)
        return kept


def _are_same(some: Sequence[object], others: Sequence[object]) -> bool:
    return len(some) == len(others) and all(map(is_, some, others))
