"""What would be in force if the wishes of the replay had been granted, laid over what was recorded.

Only allocations change by it: what tasks do, which an allocation would change too, stays as it was recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wca_core.enforcement.merging import Place
from wca_core.enforcement.target import by_place, overlaid
from wca_core.model.allocation import Allocation, AllocationType
from wca_record.replaying.result import Wish

if TYPE_CHECKING:
    from wca_record.step import RecordedStep


class Feedback:
    """Keeps what was granted to tasks that are there."""

    def __init__(self) -> None:
        self._granted: dict[Place, Allocation] = {}

    def over(self, recorded: RecordedStep) -> Sequence[Allocation]:
        """What is in force in this step."""
        there = {task.task_id for task in recorded.tasks}
        self._granted = {place: one for place, one in self._granted.items() if place[0] in there}
        return list(overlaid(by_place(recorded.allocations), self._granted).values())

    def granted(self, wishes: Sequence[Wish]) -> None:
        """From the next step on. That pages are moved once is nothing that stays."""
        for wish in wishes:
            if wish.state != "refused" and wish.type is not AllocationType.MIGRATE_PAGES:
                self._granted[wish.task_id, wish.type] = Allocation(wish.task_id, wish.type, wish.granted)
