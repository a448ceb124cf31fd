"""What a plugin keeps for each task, made when the task is first met and let go when it is gone."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Generic, TypeVar

from wca_core.model.task import Task

S = TypeVar("S")


class PerTask(Generic[S]):
    """State by task id.

    | the task | its state |
    |---|---|
    | is new | `make(task)` |
    | is the same object | as it is |
    | changed (labels, cgroups) | `change(state, task)`; without it, closed and made anew |
    | is not measured in this step, but known | as it is |
    | is gone | `close(state)` |
    """

    def __init__(
        self,
        make: Callable[[Task], S],
        *,
        change: Callable[[S, Task], S] | None = None,
        close: Callable[[S], None] | None = None,
    ) -> None:
        self._make = make
        self._change = change
        self._close = close
        self._states: dict[str, tuple[Task, S]] = {}
        self._last: tuple[Sequence[Task], Container[str], list[S]] | None = None

    def of(self, tasks: Sequence[Task], known: Container[str]) -> list[S]:
        """The states of `tasks`, in their order; forgets all that are not known any more.

        `known`: `host.known_tasks` or `snapshot.known_tasks`.

        Costs nothing while the agent hands the very same tasks.
        """
        if self._last is not None and self._last[0] is tasks and self._last[1] is known:
            return self._last[2]
        for gone in [task_id for task_id in self._states if task_id not in known]:
            self._forget(gone)
        states = [self._state(task) for task in tasks]
        self._last = (tasks, known, states)
        return states

    def close(self) -> None:
        """Let go of everything."""
        for task_id in list(self._states):
            self._forget(task_id)
        self._last = None

    def _state(self, task: Task) -> S:
        old = self._states.get(task.task_id)
        if old is not None and old[0] is task:
            return old[1]
        if old is not None and self._change is None:
            self._forget(task.task_id)
            old = None
        state = self._make(task) if old is None or self._change is None else self._change(old[1], task)
        self._states[task.task_id] = (task, state)
        return state

    def _forget(self, task_id: str) -> None:
        _, state = self._states.pop(task_id)
        if self._close is not None:
            self._close(state)
