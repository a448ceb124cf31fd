"""Whose pages have to follow again, because too few of them are where the task is pinned. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from wca_numa.balance import Nodes
from wca_numa.residency import Resident


def to_remigrate(
    residents: Iterable[Resident], nodes: Nodes, least_share: float, sources: Collection[int] | None = None
) -> list[Resident]:
    """Those on the node with most free memory that have a smaller share of their pages there than this.

    Tasks on other nodes wait until theirs is the emptiest. `sources`: where pages may be taken from; of a task that has
    none there nothing could be moved.
    """
    emptiest = nodes.least_used
    return [
        resident
        for resident in residents
        if resident.node == emptiest
        and resident.share(resident.node) < least_share
        and (sources is None or resident.pages_elsewhere(resident.node, sources))
    ]
