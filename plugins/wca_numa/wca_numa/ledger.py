"""What the allocator counted since the agent started."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from wca_core.model.metric import Sample
from wca_numa.choose import Reason
from wca_numa.metrics import CURRENT_NODE, PAGES_TO_MOVE, PIN_DECISIONS, PIN_REJECTED, TOTAL_PAGES_TO_MOVE
from wca_numa.residency import Resident


class Ledger:
    """Decisions, and pages that were to be moved."""

    def __init__(self) -> None:
        self._pages: dict[str, float] = {}
        """By task id."""
        self._decisions = 0
        self._rejected: Counter[Reason] = Counter()

    def turn_to(self, residents: Sequence[Resident]) -> None:
        """These are the tasks now; what was counted for others is forgotten."""
        self._pages = {one.task.task_id: self._pages.get(one.task.task_id, 0) for one in residents}

    def pinned(self) -> None:
        self._decisions += 1

    def rejected(self, reasons: Mapping[Reason, int]) -> None:
        self._rejected.update(reasons)

    def moved(self, resident: Resident, node: int, sources: Collection[int] | None) -> None:
        """All pages of a task on `sources` are to go to a node."""
        self._pages[resident.task.task_id] += resident.pages_elsewhere(node, sources)

    def samples(self, residents: Sequence[Resident]) -> Iterator[Sample]:
        """For the tasks of this step."""
        for resident in residents:
            yield CURRENT_NODE.sample(resident.node, resident.task)
            yield PAGES_TO_MOVE.sample(self._pages[resident.task.task_id], resident.task)
        yield TOTAL_PAGES_TO_MOVE.sample(sum(self._pages.values()))
        yield PIN_DECISIONS.sample(self._decisions)
        for reason in Reason:
            yield PIN_REJECTED.sample(self._rejected[reason], reason=reason)
