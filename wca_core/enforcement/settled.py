"""Wishes that are known to be in force already, so that nobody need be asked about them again.

An allocator that says in every step what it said before is the rule. Its wish is settled as long as

* it is equal to the one that was answered with the very allocation in force,
* that allocation is still the very same object: who reads says with it that nothing changed,
* all other wishes for its task are settled too, since some depend on each other,
* the tasks and the platform are the very same objects: what may be given depends on both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import is_

from wca_core.enforcement.merging import Place, Wish, is_same
from wca_core.model.allocation import Allocation


class Settled:
    """Remembers settled wishes from step to step."""

    def __init__(self) -> None:
        self._known: dict[Place, tuple[object, Allocation]] = {}
        self._around: tuple[object, ...] = ()

    def unsettled(
        self, wishes: Mapping[Place, Wish], in_force: Mapping[Place, Allocation], around: tuple[object, ...]
    ) -> dict[Place, Wish]:
        """Those that somebody must be asked about. `around`: the objects that all wishes depend on."""
        if len(around) != len(self._around) or not all(map(is_, around, self._around)):
            self._known, self._around = {}, around
        if not self._known:
            return dict(wishes)
        tasks = {place[0] for place, wish in wishes.items() if not self._is_settled(place, wish, in_force.get(place))}
        return {place: wish for place, wish in wishes.items() if place[0] in tasks}

    def note(self, asked: Iterable[Place], settled: Mapping[Place, tuple[object, Allocation]]) -> None:
        """Which of those that were asked about are in force as they were wished: their wishes and what is in force."""
        for place in asked:
            self._known.pop(place, None)
        self._known.update(settled)

    def _is_settled(self, place: Place, wish: Wish, in_force: Allocation | None) -> bool:
        known = self._known.get(place)
        return known is not None and known[1] is in_force and is_same(known[0], wish.allocation.value)
