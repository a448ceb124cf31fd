"""Labels that the configuration adds to every task: each is made by a generator, in the order of the file."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from wca_core.errors import ConfigurationError
from wca_core.model.metric import LABEL_NAME
from wca_core.model.task import Task

log = logging.getLogger("wca.labelling")


@runtime_checkable
class TaskLabelGenerator(Protocol):
    """What may stand behind a label of `task_label_generators`; any object with this method is one."""

    def generate(self, task: Task) -> str | None:
        """The value of the label, an empty one too; None: the task does not get it.

        Called once for a task, and again when something about it changed. `task` has the labels made before.
        """


class Labelling:
    """Adds the generated labels to tasks. Raises `ConfigurationError` for what cannot be the name of a label."""

    def __init__(self, generators: Mapping[str, TaskLabelGenerator]) -> None:
        for name in generators:
            if not LABEL_NAME.fullmatch(name):
                wanted = "letters, digits and _, no digit in front, not two _ in front"
                raise ConfigurationError(f"task_label_generators: {name!r} is no label name ({wanted})")
        self._generators = dict(generators)
        self._told: set[tuple[str, str]] = set()

    def labelled(self, tasks: Sequence[Task], done: Iterable[tuple[Task, Task]] = ()) -> Sequence[Task]:
        """The tasks with their labels, in this order.

        `done`: pairs of a task and what came out of it. If it is among `tasks`, the very same comes out of it again.
        """
        if not self._generators:
            return tasks
        known = {id(task): outcome for task, outcome in done}
        return [known.get(id(task)) or self._with_all(task) for task in tasks]

    def forget_all_but(self, task_ids: Container[str]) -> None:
        """A task that is gone may be warned of again if it comes back."""
        self._told = {(name, task_id) for name, task_id in self._told if task_id in task_ids}

    def _with_all(self, task: Task) -> Task:
        for name, generator in self._generators.items():
            if name in task.all_labels:
                log.debug("label %s of task %s is there already and not generated", name, task.task_id)
                continue
            value = self._generated(name, generator, task)
            if value is not None:
                task = replace(task, labels={**task.labels, name: value})
        return task

    def _generated(self, name: str, generator: TaskLabelGenerator, task: Task) -> str | None:
        try:
            value: object = generator.generate(task)
        except (Exception, SystemExit) as error:  # noqa: BLE001  a generator may raise anything
            self._warn_once(name, task, f"{type(error).__name__} was raised", error)
            return None
        if value is None or isinstance(value, str):
            return value
        self._warn_once(name, task, "a text or None expected, found", type(value).__name__)
        return None

    def _warn_once(self, name: str, task: Task, what: str, detail: object) -> None:
        if (name, task.task_id) not in self._told:
            self._told.add((name, task.task_id))
            log.warning("label %s of task %s is not set: %s: %s", name, task.task_id, what, detail)
