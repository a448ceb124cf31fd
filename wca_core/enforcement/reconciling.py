"""Whether somebody else changed what was allocated, and when to stop arguing about it.

After `MOST_DRIFTS` drifts of one value within `WINDOW` seconds it is left to the other for `TRUCE` seconds: two
controllers that overwrite each other in every step harm the task more than either of their values.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from wca_core.enforcement.merging import Place, Wish, is_same
from wca_core.model.allocation import AllocationType

MOST_DRIFTS = 5
WINDOW = 600.0
TRUCE = 600.0

Reconcile: TypeAlias = "Literal['off', 'each_iteration'] | float"


@dataclass(slots=True)
class _Desired:
    """What was made so last, and how often it did not stay."""

    wish: Wish
    drifts: list[float] = field(default_factory=list)
    """When [steady seconds]."""
    truce_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Drift:
    """A value that somebody else changed."""

    place: Place
    gives_up: bool = False
    """From now on it is left to the other for a while."""


class Reconciling:
    """Keeps what is desired of each place."""

    def __init__(self, every: Reconcile) -> None:
        """`every`: off, in each iteration, or at most once in so many seconds."""
        self.is_on = every != "off" and every is not False
        self._seconds = every if isinstance(every, int | float) else 0.0
        self._due_at = 0.0
        self._desired: dict[Place, _Desired] = {}
        self._open: set[Place] = set()
        """Drifts that are counted and not corrected yet: the write waits, or was refused."""

    def reached(self, wishes: Iterable[Wish]) -> None:
        """These are in force now."""
        for wish in wishes if self.is_on else ():
            self._open.discard(wish.place)
            before = self._desired.get(wish.place)
            is_one_shot = wish.place[1] is AllocationType.MIGRATE_PAGES
            if not is_one_shot and (before is None or not _is_same_wish(before.wish, wish)):
                self._desired[wish.place] = _Desired(wish)

    def missing(self, wishes: Mapping[Place, Wish], task_ids: Container[str], now: float) -> dict[Place, Wish]:
        """What is desired of these tasks and was not wished again. `now`: steady seconds. Empty until it is due."""
        if not self._desired or now < self._due_at:
            return {}
        self._due_at = now + self._seconds
        return {place: one.wish for place, one in self._desired.items() if place not in wishes and place[0] in task_ids}

    def drifts(self, changes: Mapping[Place, Wish], now: float) -> tuple[list[Drift], set[Place]]:
        """Which of the changes only repeat what is desired, and which of them are not to be made for now.

        A drift is one until it is corrected, however many steps that takes.
        """
        drifts, left = [], set()
        self._open.intersection_update(changes)
        for place, wish in changes.items() if self._desired else ():
            desired = self._desired.get(place)
            if desired is None or not _is_same_wish(desired.wish, wish):
                continue
            if now < desired.truce_until:
                left.add(place)
            elif place not in self._open:
                drifts.append(Drift(place, gives_up=_noted(desired, now)))
                (left if drifts[-1].gives_up else self._open).add(place)
        return drifts, left

    def forget_all_but(self, task_ids: Container[str]) -> None:
        """Tasks that are gone."""
        if self._desired:
            self._desired = {place: one for place, one in self._desired.items() if place[0] in task_ids}


def _noted(desired: _Desired, now: float) -> bool:
    """Count a drift; True if it is one too many."""
    desired.drifts = [moment for moment in desired.drifts if now - moment < WINDOW] + [now]
    if len(desired.drifts) < MOST_DRIFTS:
        return False
    desired.drifts, desired.truce_until = [], now + TRUCE
    return True


def _is_same_wish(one: Wish, other: Wish) -> bool:
    return is_same(one.allocation.value, other.allocation.value)
