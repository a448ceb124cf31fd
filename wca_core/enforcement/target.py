"""What is to be changed, and what is in force afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wca_core.enforcement.merging import Place
from wca_core.model.allocation import Allocation


def by_place(allocations: Iterable[Allocation]) -> dict[Place, Allocation]:
    """Of several for one place the first."""
    found: dict[Place, Allocation] = {}
    for allocation in allocations:
        found.setdefault((allocation.task_id, allocation.type), allocation)
    return found


def difference(wanted: Mapping[Place, Allocation], in_force: Mapping[Place, Allocation]) -> dict[Place, Allocation]:
    """What is wanted and not in force.

    Decided by identity: who checked a wish answers with the very allocation in force if no difference counts, and
    with another one, perhaps an equal one, if something is to be written all the same: containers of a pod that differ.
    """
    return {place: one for place, one in wanted.items() if in_force.get(place) is not one}


def overlaid(in_force: Mapping[Place, Allocation], changed: Mapping[Place, Allocation]) -> dict[Place, Allocation]:
    """What is in force once the changes are made."""
    return {**in_force, **changed}
