"""What a counter would have counted had it had a hardware counter all the time.

The kernel lets groups take turns where there are too few counters. It tells how long a group was enabled and
how long it ran; what happened in between is extrapolated, interval by interval, since of whole lifetimes the
result falls whenever the shares change.

| in the interval | counted | factor |
|---|---|---|
| ran 0 ns, enabled 0 ns | 0 | 0: leave it out of averages |
| ran 0 ns, enabled longer | nothing known: lost | 0 |
| ran as long as enabled | as read | 1 |
| ran shorter | read * enabled / ran, rounded | enabled / ran |
"""

from __future__ import annotations

from collections.abc import Sequence

from wca_rdt.perf.reading import Reading


def scaled(raw: int, enabled: int, running: int) -> int:
    """All three of one interval; the times in nanoseconds. Integers only: no float holds 64 bits."""
    if running <= 0 or enabled <= 0:
        return 0
    if running == enabled:
        return raw
    return (raw * enabled + running // 2) // running


def factor(enabled: int, running: int) -> float:
    """By how much `scaled` multiplies; 0 if nothing ran."""
    return enabled / running if running > 0 and enabled > 0 else 0.0


class Accumulator:
    """The counters of one group on one CPU. They never fall."""

    __slots__ = ("_enabled", "_running", "_values", "factor", "is_lost", "totals")

    def __init__(self, events: int) -> None:
        self.totals: list[int] = [0] * events
        """Scaled, since the beginning, in the order of opening."""
        self.factor = 0.0
        """Of the last interval; 0: the group did not run in it."""
        self.is_lost = False
        """Whether in the last interval something was to be counted, but the group never ran."""
        self._enabled = 0
        self._running = 0
        self._values: Sequence[int] = (0,) * events

    def take(self, reading: Reading) -> None:
        """Count what came since the last reading, the first one from 0.

        A counter that fell, which only a fault of the kernel or of the hardware makes it do, adds nothing.
        """
        enabled, running = reading.enabled - self._enabled, reading.running - self._running
        self.factor = factor(enabled, running)
        self.is_lost = enabled > 0 and running <= 0
        if self.factor:
            self.totals = [
                total + scaled(max(0, now - before), enabled, running)
                for total, now, before in zip(self.totals, reading.values, self._values, strict=True)
            ]
        self._enabled, self._running, self._values = reading.enabled, reading.running, reading.values
