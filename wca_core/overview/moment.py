"""The values of one step, and what grew since another: sums over the series of one quantity."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wca_core.model.metric import Value
from wca_core.overview.layout import Layout


@dataclass(frozen=True, slots=True)
class Moment:
    """One step: when, and what was measured. None stands for what was not."""

    time: float
    layout: Layout
    values: Sequence[Value]

    def total(self, quantity: str, task_id: str | None = None) -> float | None:
        """The sum over the series of a task (None: of the machine)."""
        places = self.layout.places(task_id).get(quantity)
        if not places:
            return None
        return finite(sum(number(self.values[at]) for at in places))

    def only(self, quantity: str, task_id: str) -> float | None:
        """The value of the single series; None also if there are several, whose sum means nothing."""
        places = self.layout.places(task_id).get(quantity, ())
        return self.total(quantity, task_id) if len(places) == 1 else None

    def growth(self, before: Moment | None, quantity: str, task_id: str | None = None) -> float | None:
        """What the counters grew since then; one that has just come counts from now on.

        None if one fell: it was reset, or its CPU, task or container began anew.
        """
        if before is None:
            return None
        grown = [
            number(self.values[new]) - number(before.values[old]) for new, old in self._pairs(before, quantity, task_id)
        ]
        if not grown or min(grown) < 0:
            return None
        return finite(sum(grown))

    def _pairs(self, before: Moment, quantity: str, task_id: str | None) -> Iterable[tuple[int, int]]:
        """The positions of each series now and then."""
        new = self.layout.places(task_id).get(quantity, ())
        if self.layout is before.layout:
            return zip(new, new, strict=True)
        series = before.layout.series
        old = {series[at].level_values: at for at in before.layout.places(task_id).get(quantity, ())}
        levels = [(at, self.layout.series[at].level_values) for at in new]
        return [(at, old[level]) for at, level in levels if level in old]


def finite(value: float) -> float | None:
    """The number, unless it is none that could be shown or sent."""
    return value if math.isfinite(value) else None


def ratio(part: float | None, whole: float | None) -> float | None:
    """None if one is not known, or there is no whole."""
    if part is None or whole is None or whole <= 0:
        return None
    return finite(part / whole)


def number(value: Value) -> float:
    """As a float; an int that none can hold is infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf
