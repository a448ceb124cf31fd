"""When a change that failed is tried again: after 1, 2, 4 ... 60 steps while it fails in the same way."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from wca_core.enforcement.merging import Place, is_same

LONGEST = 60
"""Steps."""


@dataclass(slots=True)
class _Failure:
    cause: str
    pause: int
    retry_at: int
    value: object


class BackOff:
    """Remembers failures by place and cause."""

    def __init__(self, *, by_task: bool = True) -> None:
        """`by_task`: all of a task wait if one of its changes does, since they are made or undone together."""
        self._by_task = by_task
        self._failures: dict[Place, _Failure] = {}

    def failed(self, place: Place, cause: str, value: object, step: int) -> bool:
        """Note a failure of this step; `cause`: the name of the errno. True if it did not fail like this before."""
        before = self._failures.get(place)
        is_new = before is None or before.cause != cause
        pause = 1 if before is None or before.cause != cause else min(before.pause * 2, LONGEST)
        self._failures[place] = _Failure(cause, pause, step + pause, value)
        return is_new

    def succeeded(self, places: Iterable[Place]) -> None:
        for place in places if self._failures else ():
            self._failures.pop(place, None)

    def waiting(self, wanted: Iterable[tuple[Place, object]], step: int) -> set[Place]:
        """Which of these are not tried in this step. Another value than the one that failed is tried at once."""
        if not self._failures:
            return set()
        pairs = list(wanted)
        waiting = {place for place, value in pairs if self._waits(place, value, step)}
        if not self._by_task:
            return waiting
        tasks = {task_id for task_id, _ in waiting}
        return {place for place, _ in pairs if place[0] in tasks}

    def forget_all_but(self, task_ids: Container[str]) -> None:
        """Tasks that are gone."""
        if self._failures:
            self._failures = {place: one for place, one in self._failures.items() if place[0] in task_ids}

    def _waits(self, place: Place, value: object, step: int) -> bool:
        failure = self._failures.get(place)
        return failure is not None and step < failure.retry_at and is_same(failure.value, value)
