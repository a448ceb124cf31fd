"""The snapshots of one agent, or of a recording, in their order: each knows the one before, histories and classes."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace

from wca_core.model.histories import Histories
from wca_core.model.metric import Samples
from wca_core.model.snapshot import Snapshot, with_derived
from wca_core.model.task_class import TaskClasses, TaskClassRule


class Course:
    """Makes each step's snapshot what plugins are given.

    >>> course = Course(longest_of([("cpi", detector)]))
    >>> snapshot = course.follow(Snapshot(now=now, tasks=tasks, samples=samples), known)
    """

    def __init__(self, longest: Mapping[str, float] | None = None, rules: Iterable[TaskClassRule] = ()) -> None:
        """`longest`: what is looked back on; see `histories.longest_of`."""
        self._histories = Histories(longest) if longest else None
        self._task_classes = TaskClasses(rules)
        self._previous: Snapshot | None = None

    def follow(self, step: Snapshot, known: Container[str]) -> Snapshot:
        """A step that was just measured, behind the one before.

        `known`: the ids of the tasks that are not gone, the same object while none comes or goes. A step of the same
        time takes the place of that before it.
        """
        if self._previous is not None:
            self._previous.previous = None  # lest they chain up
        self._previous = replace(
            step,
            previous=self._previous,
            known=known,
            histories=self._histories,
            task_classes=self._task_classes,
        )
        if self._histories is not None:
            self._histories.take(self._previous.taken_at, step.samples, known)
        return self._previous

    def derive(self, samples: Samples, known: Container[str]) -> Snapshot:
        """The same step with these samples, measured and derived: what `detect` is given, and the next step's past."""
        assert self._previous is not None, "nothing can be derived before something is measured"
        self._previous = with_derived(self._previous, samples)
        if self._histories is not None:
            self._histories.take(self._previous.taken_at, samples, known)
        return self._previous
