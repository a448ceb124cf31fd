"""Latencies in buckets that grow with them: the memory is bounded, a percentile is never more than 0.8 % off.

Below 128 a bucket holds one nanosecond. Above, each power of two is divided into 64 equal buckets, so that a bucket is
at most 1/64 of its values wide; its middle is told. This is the layout of HdrHistogram with 7 bits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

BITS = 7
LINEAR = 1 << BITS


class Histogram:
    """Counts of latencies in whole nanoseconds."""

    __slots__ = ("_counts", "count", "largest")

    def __init__(self, values: Iterable[int] = ()) -> None:
        self._counts: Counter[int] = Counter()
        self.count = 0
        self.largest = 0
        for value in values:
            self.add(value)

    def add(self, nanoseconds: int) -> None:
        """A clock that went back counts as 0."""
        value = max(nanoseconds, 0)
        self._counts[bucket(value)] += 1
        self.count += 1
        if value > self.largest:
            self.largest = value

    def update(self, other: Histogram) -> None:
        """Add all of another."""
        self._counts.update(other._counts)
        self.count += other.count
        self.largest = max(self.largest, other.largest)

    def percentile(self, percent: float) -> float | None:
        """Nanoseconds that `percent` of all values do not exceed (nearest rank); None of nothing."""
        if percent >= 100 and self.count:
            return self.largest
        rank = max(1, -(-self.count * percent // 100))
        for number in sorted(self._counts):
            rank -= self._counts[number]
            if rank <= 0:
                return min(middle(number), self.largest)
        return None


def bucket(value: int) -> int:
    """The number of the bucket of a value."""
    if value < LINEAR:
        return value
    shift = value.bit_length() - BITS
    return (shift << (BITS - 1)) + (value >> shift)


def middle(number: int) -> float:
    """The middle of a bucket."""
    if number < LINEAR:
        return number
    shift = (number >> (BITS - 1)) - 1
    low = (number - (shift << (BITS - 1))) << shift
    return low + ((1 << shift) - 1) / 2
