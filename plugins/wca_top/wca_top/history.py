"""What was shown of each task lately."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from wca_core.overview import Overview, TaskRow

KEPT = 240
"""Steps: a plot across a wide terminal."""


class History:
    """Of the tasks that are there; one that is gone is forgotten."""

    def __init__(self) -> None:
        self._tasks: dict[str, deque[TaskRow]] = {}

    def add(self, overview: Overview) -> None:
        known, self._tasks = self._tasks, {}
        for row in overview.tasks:
            rows = known.get(row.task_id) or deque(maxlen=KEPT)
            rows.append(row)
            self._tasks[row.task_id] = rows

    def of(self, task_id: str) -> Sequence[TaskRow]:
        """The newest last."""
        return list(self._tasks.get(task_id, ()))
