"""RMIDs as a budget: who waits for a group, and who has had one long enough to hand it over.

The hardware can tell only so many groups apart. The policy when there are more tasks:

* whoever comes first gets a group; the others wait, in the order in which they came;
* while somebody waits, the task that has had its group longest hands it over, once it has had it for `steps` steps,
  and waits behind the others;
* only one RMID is on its way at a time: the cache still holds lines of the task before, and until they are gone
  (`max_threshold_occupancy`) the kernel gives that RMID to nobody.

Pure: it neither knows groups nor makes any.
"""

from __future__ import annotations

from collections.abc import Callable


class Rotation:
    """The tasks of one host, by id. `steps` of 0: nobody hands over."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._now = 0
        self._since: dict[str, int] = {}
        """When each task got its group; in that order."""
        self._waiting: dict[str, None] = {}
        self._is_on_its_way = False

    @property
    def waiting(self) -> list[str]:
        """Those without a group, who is next first."""
        return list(self._waiting)

    def begin_step(self) -> None:
        self._now += 1

    def hold(self, task_id: str) -> None:
        """A task has a group."""
        if task_id not in self._since:
            self._since[task_id] = self._now
            self._is_on_its_way &= self._waiting.pop(task_id, 0) == 0

    def wait(self, task_id: str) -> None:
        """A task got none, or lost it."""
        self._since.pop(task_id, None)
        self._waiting.setdefault(task_id)

    def forget(self, task_id: str) -> None:
        """A task is gone."""
        self._since.pop(task_id, None)
        self._waiting.pop(task_id, None)

    def hand_over(self, may: Callable[[str], bool]) -> str | None:
        """Who hands its group over now; it waits from now on. None: nobody. `may`: whether a task can be asked to."""
        if not (self._steps and self._waiting) or self._is_on_its_way:
            return None
        for task_id, since in self._since.items():
            if self._now - since < self._steps:
                return None
            if may(task_id):
                self.wait(task_id)
                self._is_on_its_way = True
                return task_id
        return None
