"""Recorded time as it passes for whoever watches: faster, slower, held, or a leap forward."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from threading import Condition, Event

SLOWEST, FASTEST = 1 / 64, 1024.0
"""That keys lead to."""
GLANCE = 0.1
"""Seconds after which somebody who waits looks whether it is over."""


class Pace:
    """Asked by the thread of a source, changed by that of keys."""

    def __init__(self, speed: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        """`speed`: a multiple of real time, perhaps infinite."""
        self._clock = clock
        self._changed = Condition()
        self._speed = speed
        self._is_held = False
        self._reached = 0.0
        """Recorded seconds, and when they were reached on the clock."""
        self._since = clock()

    def __str__(self) -> str:
        return "as fast as it goes" if math.isinf(self._speed) else f"{self._speed:g}x"

    def is_due(self, seconds: float) -> bool:
        """Whether so many recorded seconds have passed."""
        with self._changed:
            return self._left(seconds) <= 0

    def wait_for(self, seconds: float, stop: Event) -> None:
        """Until so many recorded seconds have passed, or `stop` is set."""
        with self._changed:
            while not stop.is_set() and (left := self._left(seconds)) > 0:
                self._changed.wait(min(left, GLANCE))
            if math.isinf(self._speed):
                self._reached, self._since = seconds, self._clock()

    def change_speed(self, factor: float) -> None:
        """From now on; one that was as fast as it goes begins with the fastest."""
        with self._changed:
            self._settle()
            self._speed = min(FASTEST, max(SLOWEST, self._speed * factor))
            self._changed.notify_all()

    def hold(self, is_held: bool) -> None:
        """Let no time pass, or go on."""
        with self._changed:
            self._settle()
            self._is_held = is_held
            self._changed.notify_all()

    def leap(self, seconds: float) -> None:
        """Let so many recorded seconds pass at once."""
        with self._changed:
            self._settle()
            self._reached += seconds
            self._changed.notify_all()

    def _settle(self) -> None:
        self._reached, self._since = self._now(), self._clock()

    def _now(self) -> float:
        if self._is_held or math.isinf(self._speed):
            return self._reached
        return self._reached + (self._clock() - self._since) * self._speed

    def _left(self, seconds: float) -> float:
        """Real seconds."""
        if self._is_held:
            return 0.0 if seconds <= self._reached else math.inf
        return 0.0 if math.isinf(self._speed) else (seconds - self._now()) / self._speed
