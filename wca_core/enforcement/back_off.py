"""When a change that failed is tried again: after 1, 2, 4 ... 60 steps while it fails in the same way.

| the value | is tried |
|---|---|
| that failed | when it has waited |
| another one | at once: perhaps it is the one that the kernel takes |
| a third one, the second having failed in the same way | when it has waited |

Otherwise an allocator that computes a new value in each step would never wait.
"""

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
    is_of_any: bool = False
    """Several values failed like this."""


class BackOff:
    """Remembers failures by place and cause."""

    def __init__(self, *, by_task: bool = True) -> None:
        """`by_task`: all of a task wait if one of its changes does, since they are made or undone together."""
        self._by_task = by_task
        self._failures: dict[Place, _Failure] = {}

    def failed(self, place: Place, cause: str, value: object, step: int) -> bool:
        """Note a failure of this step; `cause`: the name of the errno. True if it did not fail like this before."""
        before = self._failures.get(place)
        if before is None or before.cause != cause:
            self._failures[place] = _Failure(cause, 1, step + 1, value)
            return True
        pause = min(before.pause * 2, LONGEST)
        is_of_any = before.is_of_any or not is_same(before.value, value)
        self._failures[place] = _Failure(cause, pause, step + pause, value, is_of_any)
        return False

    def succeeded(self, places: Iterable[Place]) -> None:
        for place in places if self._failures else ():
            self._failures.pop(place, None)

    def waiting(self, wanted: Iterable[tuple[Place, object]], step: int) -> set[Place]:
        """Which of these are not tried in this step."""
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
        if failure is None or step >= failure.retry_at:
            return False
        return failure.is_of_any or is_same(failure.value, value)
