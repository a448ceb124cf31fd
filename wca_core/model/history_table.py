"""The series that are looked back on for one time: a column of times, and one of values for each series.

The columns are as long as each other; a value that was not measured is NaN in its column. Where the values of a step
go is found out once for a list of series, as long as the very same list comes again.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Callable, Container, Mapping, Sequence
from operator import itemgetter

from wca_core.model.history import History, of_columns
from wca_core.model.metric import Samples, Series, Value
from wca_core.model.series_key import Key, key_of

MOST_MOMENTS = 800
"""Of one series: of a longer time than so many steps take, the moments kept are further apart.

A counter that starts anew and has passed its old value before the next moment that is kept is then not noticed.
No round number of seconds divided by this is a usual interval: steps that come a little early are not passed over.
"""
TRIMMED_TOGETHER = 64
"""Moments too old that are let go of at once."""

NAN = float("nan")


class HistoryTable:
    """Takes what is measured of these metrics, step after step, and keeps it for so many seconds."""

    def __init__(self, seconds: float, metrics: frozenset[str]) -> None:
        self.seconds = seconds
        self.metrics = metrics
        self.times: array[float] = array("d")
        self.columns: dict[Key, array[float]] = {}
        self._plans: list[_Plan] = []
        self._known: Container[str] | None = None
        self._held: dict[Key, float] = {}
        """What the newest moment held before it was moved on to a step that did not measure it."""

    def take(self, steady: float, samples: Samples, known: Container[str]) -> None:
        if known is not self._known:
            self._forget_all_but(known)
        if self.times and steady < self.times[-1]:
            self._start_anew()  # a clock that is none of these: what is between is not known
        plan = self._plan_of(samples.series)
        if self._is_in_place_of_the_newest(steady):
            self.times[-1] = steady
            plan.replace(samples.values, self._held)
        else:
            self._put_back_what_is_held()
            self.times.append(steady)
            plan.append(samples.values)
        self._trim(steady)

    def history(self, key: Key) -> History:
        values = self.columns.get(key)
        if values is None:
            return History()
        oldest = bisect_left(self.times, self.times[-1] - self.seconds)
        times, values, end = self.times[oldest:], values[oldest:], self.times[-1]
        if not math.isnan(sum(values)):  # many times as fast as to ask each of them
            return of_columns(times, values, end)
        known = [(at, value) for at, value in zip(times, values, strict=True) if not math.isnan(value)]
        return History(known, end=end)

    def _is_in_place_of_the_newest(self, steady: float) -> bool:
        """The newest moment is always of the last step, those before it are as far apart as they have to be."""
        times = self.times
        if not times or steady == times[-1]:
            return bool(times)
        return len(times) > 1 and times[-1] - times[-2] < self.seconds / MOST_MOMENTS

    def _put_back_what_is_held(self) -> None:
        """Else what is measured in every fifth step only could be missed by all moments that are kept."""
        for key, value in self._held.items():
            column = self.columns.get(key)
            if column is not None and math.isnan(column[-1]):
                column[-1] = value
        self._held.clear()

    def _plan_of(self, series: Sequence[Series]) -> _Plan:
        """The one made for this very list; of a step there are two, without and with what is derived."""
        for plan in self._plans:
            if plan.series is series:
                return plan
        places = {key: at for at, one in enumerate(series) if (key := self._key(one)) is not None}
        for key in places.keys() - self.columns.keys():
            self.columns[key] = array("d", [NAN]) * len(self.times)
            self._plans.clear()  # they do not know of the new column
        plan = _Plan(series, places, self.columns)
        self._plans = [plan, *self._plans[:1]]
        return plan

    def _key(self, series: Series) -> Key | None:
        return key_of(series) if series.metric.name in self.metrics else None

    def _start_anew(self) -> None:
        del self.times[:]
        self.columns.clear()
        self._plans.clear()
        self._held.clear()

    def _forget_all_but(self, known: Container[str]) -> None:
        self._known = known
        gone = [key for key in self.columns if key[0][1] is not None and key[0][1] not in known]
        self._drop(gone)

    def _drop(self, keys: Sequence[Key]) -> None:
        for key in keys:
            del self.columns[key]
            self._held.pop(key, None)
        if keys:
            self._plans.clear()

    def _trim(self, steady: float) -> None:
        """Let go of what is too old, and of series that were not measured for so long."""
        oldest = bisect_left(self.times, steady - self.seconds)
        if oldest < TRIMMED_TOGETHER:
            return
        del self.times[:oldest]
        for values in self.columns.values():
            del values[:oldest]
        self._drop([key for key, values in self.columns.items() if all(map(math.isnan, values))])


class _Plan:
    """Where the values of a list of series go: made once for the list, used as long as it comes again."""

    def __init__(
        self,
        series: Sequence[Series],
        places: Mapping[Key, int],
        columns: Mapping[Key, array[float]],
    ) -> None:
        self.series = series
        self._taken = [columns[key] for key in places]
        self._appends = [column.append for column in self._taken]
        self._values_of = _picked(list(places.values()))
        self._absent = {key: column for key, column in columns.items() if key not in places}

    def append(self, values: Sequence[Value]) -> None:
        for append, value in zip(self._appends, self._values_of(values), strict=True):
            append(value)
        for column in self._absent.values():
            column.append(NAN)

    def replace(self, values: Sequence[Value], held: dict[Key, float]) -> None:
        for column, value in zip(self._taken, self._values_of(values), strict=True):
            column[-1] = value
        for key, column in self._absent.items():
            if not math.isnan(column[-1]):
                held[key] = column[-1]
                column[-1] = NAN


def _picked(places: list[int]) -> Callable[[Sequence[Value]], Sequence[Value]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: [values[at] for at in places]
