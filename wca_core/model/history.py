"""The values of one series over time, and what a detector asks of them: rates, ratios, mean, deviation.

Pure and immutable. Times are seconds of a clock that does not jump, so a history knows no wall clock. A moment in
which the series was not measured is not in it; a counter that falls was started anew, and how much it grew meanwhile
is not known. Its last seconds are those before the step that asks, not those before its newest moment: what is no
longer measured is not mistaken for what is so now.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, pairwise
from operator import truediv
from typing import overload


@dataclass(frozen=True, slots=True)
class Moment:
    """One value of a history."""

    at: float
    """On a clock that does not jump [seconds]: only differences mean something."""
    value: float


class History(Sequence[Moment]):
    """Moments, the oldest first; in slices too, which are histories.

    What a history without enough moments does not know is None, and the history of what is not known is empty.
    """

    __slots__ = ("_end", "_times", "_values")

    def __init__(self, moments: Iterable[tuple[float, float]] = (), *, end: float | None = None) -> None:
        """Of pairs of a time and a value, the oldest first. `end`: None for the time of the newest."""
        pairs = list(moments)
        self._times = array("d", [at for at, _ in pairs])
        self._values = array("d", [value for _, value in pairs])
        self._end = _end_of(self._times, end)

    @overload
    def __getitem__(self, index: int) -> Moment: ...

    @overload
    def __getitem__(self, index: slice) -> History: ...

    def __getitem__(self, index: int | slice) -> Moment | History:
        if isinstance(index, slice):
            times = self._times[index]
            return of_columns(times, self._values[index], self._end if times[-1:] == self._times[-1:] else None)
        return Moment(self._times[index], self._values[index])

    def __len__(self) -> int:
        return len(self._times)

    def __iter__(self) -> Iterator[Moment]:
        return map(Moment, self._times, self._values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, History):
            return NotImplemented
        return self._times == other._times and self._values == other._values

    __hash__ = None  # type: ignore[assignment]  # as of other sequences of any length that are compared by value

    def __repr__(self) -> str:
        newest = f", the newest {self._values[-1]:g}" if self._values else ""
        return f"History of {len(self)} moments in {self.seconds:g} s{newest}"

    # -- parts ----------------------------------------------------------------------------------

    @property
    def end(self) -> float:
        """Up to when there could be moments: the time of the step that asked, on the clock of `Moment.at`."""
        return self._end

    def last(self, seconds: float) -> History:
        """The moments that are at most this much older than the end; none if it was not measured for so long."""
        oldest = bisect_left(self._times, self._end - seconds)
        return of_columns(self._times[oldest:], self._values[oldest:], self._end)

    def before(self, seconds: float) -> History:
        """The others: those that are older. It ends where these begin."""
        end = self._end - seconds
        newer = bisect_left(self._times, end)
        return of_columns(self._times[:newer], self._values[:newer], end)

    def until(self, at: float) -> History:
        """The moments up to this time, it included."""
        newer = bisect_right(self._times, at)
        return of_columns(self._times[:newer], self._values[:newer], min(self._end, at))

    # -- of a counter ---------------------------------------------------------------------------

    @property
    def growth(self) -> float:
        """By how much a counter grew, where that is known."""
        rising = self._values.tolist()
        if _never_falls(rising):
            return rising[-1] - rising[0] if rising else 0.0
        return _sum(self._steps().rises)

    @property
    def rate(self) -> float | None:
        """By how much a counter grew per second, over all the time in which that is known."""
        rising = self._values.tolist()
        if _never_falls(rising):  # as nearly always
            return (rising[-1] - rising[0]) / self.seconds if self.seconds > 0 else None
        steps = self._steps()
        return _sum(steps.rises) / _sum(steps.units) if steps.units else None

    def rates(self) -> History:
        """The growth of a counter per second from each moment to the next, at the later one."""
        return self._steps().ratios(self._end)

    def per(self, other: History) -> History:
        """The growth of this counter per growth of another one, between moments that both have, at the later one.

        `cycles.per(instructions)` is the history of cycles per instruction. Left out where one of them fell, and where
        the other one stood still.
        """
        mine, theirs = self._beside(other)
        return _Steps.of(mine._times, mine._values, theirs._values).ratios(self._end)

    # -- of a gauge, of rates, of ratios --------------------------------------------------------

    @property
    def newest(self) -> float | None:
        """The value of the newest moment, however old it is; of the last seconds: `last(5).newest`."""
        return self._values[-1] if self._values else None

    @property
    def seconds(self) -> float:
        """From the oldest moment to the newest; 0 with fewer than two."""
        return self._times[-1] - self._times[0] if self._times else 0.0

    @property
    def mean(self) -> float | None:
        """Of all values, each counted once, however far apart they are."""
        return _sum(self._values) / len(self._values) if self._values else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation of the sample (with n - 1); None with fewer than two moments."""
        mean, count = self.mean, len(self)
        if mean is None or count < 2:
            return None
        return math.dist(self._values, [mean] * count) / math.sqrt(count - 1)

    @property
    def smallest(self) -> float | None:
        return min(self._values, default=None)

    @property
    def largest(self) -> float | None:
        return max(self._values, default=None)

    def quantile(self, part: float) -> float | None:
        """The value that this part of all values, 0.0 to 1.0, does not exceed; linear between two.

        Raises `ValueError` for a part beyond these.
        """
        if not 0.0 <= part <= 1.0:
            raise ValueError(f"a part from 0.0 to 1.0 expected, found {part!r}")
        if not self._values:
            return None
        ordered = sorted(self._values)
        place = part * (len(ordered) - 1)
        below = math.floor(place)
        above = min(below + 1, len(ordered) - 1)
        return ordered[below] + (ordered[above] - ordered[below]) * (place - below)

    def _steps(self) -> _Steps:
        return _Steps.of(self._times, self._values, self._times)

    def _beside(self, other: History) -> tuple[History, History]:
        """Both, with the moments that both have."""
        if self._times.tobytes() == other._times.tobytes():
            return self, other
        common = set(self._times) & set(other._times)
        return self._among(common), other._among(common)

    def _among(self, times: set[float]) -> History:
        return History((at, value) for at, value in zip(self._times, self._values, strict=True) if at in times)


@dataclass(frozen=True, slots=True)
class _Steps:
    """From each moment to the next: by how much a counter grew, and what it is measured by."""

    times: Sequence[float]
    """Of the later moment."""
    rises: Sequence[float]
    units: Sequence[float]

    @classmethod
    def of(cls, times: array[float], counter: array[float], unit: array[float]) -> _Steps:
        """Without those in which the counter fell or its unit did not grow."""
        later: Sequence[float] = times[1:]
        counts, measures = counter.tolist(), unit.tolist()  # whose numbers are made once, not by each who looks
        rises, units = _differences(counts), _differences(measures)
        if not (_never_falls(counts) and _never_falls(measures)) or 0.0 in units:
            kept = [rise >= 0 and step > 0 for rise, step in zip(rises, units, strict=True)]
            later, rises, units = ([*compress(column, kept)] for column in (later, rises, units))
        return cls(later, rises, units)

    def ratios(self, end: float) -> History:
        return of_columns(array("d", self.times), array("d", list(map(truediv, self.rises, self.units))), end)


def _differences(values: list[float]) -> list[float]:
    return [later - sooner for sooner, later in pairwise(values)]


def _never_falls(values: list[float]) -> bool:
    return values == sorted(values)  # which looks at each number once if they are in order, and is the fastest way


def of_columns(times: array[float], values: array[float], end: float | None = None) -> History:
    """A history of columns as they are, not copied: nobody may change them afterwards."""
    made = History.__new__(History)
    made._times, made._values, made._end = times, values, _end_of(times, end)
    return made


def _end_of(times: array[float], end: float | None) -> float:
    if end is None:
        return times[-1] if times else 0.0
    return end


def _sum(values: Iterable[float]) -> float:
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # of numbers near the largest there are, and infinite ratios
        return sum(values)
