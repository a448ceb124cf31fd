"""Who may be the cause: the best-effort tasks that began to move more memory or, where nobody measures that, to compute."""

from __future__ import annotations

from functools import cached_property

from wca_core import ContendedResource, Snapshot, Task, TaskClass

from wca_cpi_detector.metrics import BANDWIDTH, USAGE
from wca_cpi_detector.outlier import growth

OF_ITS_OWN, OF_ALL = 0.1, 0.01
"""A rise by a smaller part of what the task did, or all of them do, is no suspicion: each number rises now and then."""


class Suspects:
    """Of one step: found out when the first victim asks, and once for all victims."""

    def __init__(self, snapshot: Snapshot, window: float, recent: float) -> None:
        """`window`, `recent` [seconds]: see `CpiDetector`."""
        self._snapshot = snapshot
        self._window = window
        self._recent = recent

    def of(self, victim: Task, most: int) -> tuple[ContendedResource, tuple[str, ...]]:
        """What they compete for, and at most so many ids of tasks, the likeliest first."""
        task_ids = [task_id for task_id in self._risen if task_id != victim.task_id][:most]
        is_known = task_ids and self._has_bandwidth
        return ContendedResource.MEMORY_BW if is_known else ContendedResource.UNKN, tuple(task_ids)

    @cached_property
    def _risen(self) -> list[str]:
        metric = BANDWIDTH if self._has_bandwidth else USAGE
        growths = {
            task.task_id: growth(self._snapshot.history(metric, task).last(self._window), self._recent)
            for task in self._candidates
        }
        least = OF_ALL * sum(one.now for one in growths.values())
        risen = {
            task_id: one.rise for task_id, one in growths.items() if one.rise > max(OF_ITS_OWN * one.before, least)
        }
        return sorted(risen, key=lambda task_id: (-risen[task_id], task_id))

    @cached_property
    def _candidates(self) -> list[Task]:
        return [task for task in self._snapshot.tasks if self._snapshot.task_class(task) is TaskClass.BEST_EFFORT]

    @cached_property
    def _has_bandwidth(self) -> bool:
        return any(self._snapshot.value(BANDWIDTH, task) is not None for task in self._candidates)
