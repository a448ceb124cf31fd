"""What is done in one step: at most one task is pinned, and pages of pinned tasks may follow. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from wca_numa.balance import Balance
from wca_numa.choose import Algorithm, Reason, choose, has_room
from wca_numa.residency import Resident


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a node is chosen."""

    algorithm: Algorithm = "fill_biggest_first"
    least_share: float = 0.0
    """Of its pages that a task has on some node, or it is passed over; for `minimize_migration`."""
    needs_room: bool = False
    """Whether what a task does not have on the node yet must fit there."""
    page_size: int = 4096


@dataclass(frozen=True, slots=True)
class Decision:
    """Who is pinned where, and why others before it are not."""

    pinned: Resident | None = None
    node: int = -1
    rejected: Mapping[Reason, int] = field(default_factory=dict)


def decide(candidates: Iterable[Resident], balance: Balance, rules: Rules) -> Decision:
    """The first of these tasks that has a node is pinned; the others wait until that is seen."""
    rejected: Counter[Reason] = Counter()
    for resident in candidates:
        choice = choose(rules.algorithm, resident, balance, rules.least_share)
        if isinstance(choice, Reason):
            rejected[choice] += 1
        elif rules.needs_room and not has_room(resident, choice, balance.nodes.free, rules.page_size):
            rejected[Reason.FREE_SPACE] += 1
        else:
            return Decision(resident, choice, rejected)
    return Decision(rejected=rejected)


def is_pinnable(resident: Resident) -> bool:
    """Whether it is pinned to no node yet, has memory, and its CPUs in force are known."""
    return resident.node < 0 and resident.memory > 0 and resident.is_known


class Turns:
    """Whose turn it is: a task whose pin was wished and did not come into force lets all others go first.

    Else one that a guard rail protects, or whose cgroup refuses, would keep all others from being pinned for ever.
    """

    def __init__(self) -> None:
        self._unheeded: dict[str, None] = {}

    def in_turn(self, candidates: Collection[Resident]) -> Iterator[Resident]:
        """Those never wished for in their order, then the others, the longest ago first; forgets who is not here."""
        by_id = {resident.task.task_id: resident for resident in candidates}
        self._unheeded = {task_id: None for task_id in self._unheeded if task_id in by_id}
        yield from (resident for task_id, resident in by_id.items() if task_id not in self._unheeded)
        yield from [by_id[task_id] for task_id in self._unheeded]

    def wished(self, task_id: str) -> None:
        self._unheeded.pop(task_id, None)
        self._unheeded[task_id] = None
