"""Which requests are due by now, until the end."""

from __future__ import annotations

from collections.abc import Iterator

from wca_wrapper.load.tally import NANOSECONDS

MOST_AT_ONCE = 500
"""Requests that become due between two looks at the connections: behind a pause the answers are not kept waiting."""


class Schedule:
    """When requests are due [ns], until the end."""

    def __init__(self, moments: Iterator[float], start: int, duration: float) -> None:
        self._end = start + int(duration * NANOSECONDS) if duration else None
        self._moments = (start + int(moment * NANOSECONDS) for moment in moments)
        self._next = next(self._moments)

    @property
    def upcoming(self) -> int:
        """When the next one is, or the end."""
        return self._next if self._end is None else min(self._next, self._end)

    def is_over(self, now: int) -> bool:
        return self._end is not None and now >= self._end and self._next >= self._end

    def take(self, now: int) -> Iterator[int]:
        """Those that have become due."""
        for _ in range(MOST_AT_ONCE):
            if self._next > now or (self._end is not None and self._next >= self._end):
                break
            yield self._next
            self._next = next(self._moments)
