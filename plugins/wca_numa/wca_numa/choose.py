"""On which node a task belongs. Pure.

| algorithm | the node |
|---|---|
| `fill_biggest_first` | that has least memory of pinned tasks |
| `minimize_migration` | that two of three speak for: most of its pages, least pinned memory, most free memory |

Scores are rounded, and coarse on purpose: a small difference is none, and then the lowest node is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Literal, TypeAlias

from wca_numa.balance import Balance
from wca_numa.residency import Resident

Algorithm: TypeAlias = Literal["fill_biggest_first", "minimize_migration"]


class Reason(StrEnum):
    """Why a task is not pinned now."""

    FREE_SPACE = "free_space"
    NO_NODE = "no_node"
    BALANCE = "balance"


Choice: TypeAlias = int | Reason


def choose(algorithm: Algorithm, resident: Resident, balance: Balance, least_share: float = 0.0) -> Choice:
    """The node for a task that has memory. `least_share`: see `minimize_migration`."""
    if algorithm == "fill_biggest_first":
        return fill_biggest_first(resident, balance)
    return minimize_migration(resident, balance, least_share)


def fill_biggest_first(resident: Resident, balance: Balance) -> Choice:
    """The node where the task would be the largest part of the memory pinned there."""

    def score(node: int) -> float:
        return round(resident.memory / (balance.memory(node) + resident.memory), 4)

    return max(balance.nodes.ids, key=score, default=Reason.NO_NODE)


def minimize_migration(resident: Resident, balance: Balance, least_share: float) -> Choice:
    """See above. Nothing for a task that has on no node at least this share of its pages."""
    nodes, memory = balance.nodes.ids, resident.memory
    if max((resident.share(node) for node in nodes), default=0.0) < least_share:
        return Reason.BALANCE
    free = {node: balance.nodes.free.get(node, 0) for node in nodes}
    used = _highest(nodes, lambda node: round(math.log(1 + 1000 * resident.share(node))))
    balanced = _highest(nodes, lambda node: -round(math.log10(balance.memory(node) + memory), 1))
    roomy = [node for node in nodes if free[node] > memory]
    freest = _highest(roomy, lambda node: round(math.log10(free[node] - memory), 1))
    agreed = used & balanced or used & freest or balanced & freest
    return min(agreed, default=Reason.NO_NODE)


def has_room(resident: Resident, node: int, free: Mapping[int, float], page_size: int) -> bool:
    """Whether what the task does not have on the node yet fits there."""
    return resident.memory - page_size * resident.pages.get(node, 0) < free.get(node, 0)


def _highest(nodes: Iterable[int], score: Callable[[int], float]) -> frozenset[int]:
    """All nodes with the highest score."""
    scores = {node: score(node) for node in nodes}
    best = max(scores.values(), default=None)
    return frozenset(node for node, found in scores.items() if found == best)
