"""The node that trials run on: a fake machine, the tasks that run there, and what is measured of them.

The tasks of a plugin that reads files have cgroups on it: on a machine that the plugin's author made, if cgroups v2 are
mounted there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wca_core.model.task import Task
from wca_core.testing.conformance import machine_files, scene
from wca_core.testing.conformance.scene import Scene
from wca_core.testing.machine import Machine

if TYPE_CHECKING:
    from wca_core.testing.conformance.subject import Subject

OF_MACHINE = ("discover_tasks", "collect_metrics", "read_allocations", "check_allocations", "plan_writes", "start")
"""Hooks that may read the files of the machine."""


class Node:
    """Its files are made for who reads them, and grow from step to step unless there are very many tasks."""

    def __init__(self, subject: Subject, folder: Path) -> None:
        self._subject = subject
        self.machine = self._new_machine(folder / "machine")
        self.scene = Scene((), without=subject.own_metric_names)
        self._numbers: dict[str, int] = {}
        self._last_number = -1

    @property
    def tasks(self) -> Sequence[Task]:
        return self.scene.tasks

    @property
    def has_files(self) -> bool:
        """Whether the tasks have files."""
        return self._subject.has(*OF_MACHINE) and machine_files.has_cgroups(self.machine)

    @property
    def is_crowded(self) -> bool:
        """So many tasks that their files do not grow."""
        return len(self.tasks) >= scene.MANY_TASKS

    def give(self, tasks: Sequence[Task], step: int = 0, *, reading: scene.Reading | None = None) -> None:
        """From now on these tasks run, with cgroups of their own, and are measured so."""
        before = self.scene
        self.scene = Scene(tasks, reading or before.reading, before.without)
        if self.has_files:
            self._remove_all_but(tasks, before.tasks)
            known = set(map(id, before.tasks))
            self._add([(self._number(task), task) for task in tasks if id(task) not in known], step)

    def grow(self, step: int) -> None:
        """What counts in the files of the machine has counted on to this step."""
        if self.has_files:
            machine_files.grow(self.machine, step)
            for task in () if self.is_crowded else self.tasks:
                machine_files.grow_cgroup(self.machine, task, self._number(task), step)

    def _add(self, numbered: Sequence[tuple[int, Task]], step: int) -> None:
        if self.is_crowded:
            machine_files.add_crowd(self.machine, numbered)
            return
        for number, task in numbered:
            machine_files.add_cgroup(self.machine, task, number, step)

    def _remove_all_but(self, tasks: Sequence[Task], before: Sequence[Task]) -> None:
        stay = {path for task in tasks for path in task.cgroup_paths}
        for gone in before:
            if not stay.issuperset(gone.cgroup_paths):
                machine_files.remove_cgroup(self.machine, gone)
                machine_files.remove_process(self.machine, self._numbers.pop(gone.task_id))

    def _number(self, task: Task) -> int:
        if task.task_id not in self._numbers:
            self._last_number += 1
            self._numbers[task.task_id] = self._last_number
        return self._numbers[task.task_id]

    def _new_machine(self, root: Path) -> Machine:
        root.mkdir()
        if self._subject.make_machine is not None:
            return self._subject.make_machine(root)
        return machine_files.new_machine(root) if self._subject.has(*OF_MACHINE) else Machine(root)
