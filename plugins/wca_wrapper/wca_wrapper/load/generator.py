"""The open loop: every request becomes due at its moment, whatever the server does; then it waits for a connection.

A server that stalls makes requests wait here, and their time runs from when they were due: nothing is left out that a
user would have felt (no coordinated omission).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from wca_wrapper.load.mix import Mix
from wca_wrapper.load.pool import Address, Pool
from wca_wrapper.load.schedule import Schedule
from wca_wrapper.load.tally import NANOSECONDS, Tally, interval_line, total_line

LONGEST_WAIT = 0.1
"""Seconds until a signal is seen."""
LEAST_OF_AN_INTERVAL = 0.1
"""The part of it that rates are told of: one answer 0.1 ms behind the last line is not 10,000 a second."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Times, all in seconds."""

    duration: float
    """0: until it is told to stop."""
    interval: float
    timeout: float


class Generator:
    """One run against one server."""

    def __init__(self, address: Address, connections: int, mix: Mix, pace: Pace) -> None:
        self._is_stopping = False
        self.total = Tally(0)
        """What came of all requests so far."""
        self._mix = mix
        self._pace = pace
        self._timeout = int(pace.timeout * NANOSECONDS)
        self._waiting: deque[int] = deque()
        self._pool = Pool(address, connections, self._outcome)
        self._tally = Tally(0)

    @property
    def complaint(self) -> str:
        """Why a connection broke last; empty if none did."""
        return self._pool.complaint

    def stop(self) -> None:
        """End the run soon, whatever is not answered; for a signal."""
        self._is_stopping = True

    def connect(self, patience: float) -> bool:
        """Open all connections; whether that was done in so many seconds."""
        deadline = time.monotonic() + patience
        while not self._pool.is_complete and time.monotonic() < deadline and not self._is_stopping:
            self._pool.open(time.monotonic_ns())
            self._pool.wait(0.01)
        return self._pool.is_complete

    def run(self, moments: Iterator[float], tell: Callable[[str], None]) -> None:
        """Ask at these moments (seconds from now, growing); a line for each interval, and one for all."""
        start = time.monotonic_ns()
        schedule = Schedule(moments, start, self._pace.duration)
        self.total, self._tally = Tally(start), Tally(start)
        while not self._is_stopping:
            now = time.monotonic_ns()
            for due in schedule.take(now):
                self._tally.lateness.add(now - due)
                self._waiting.append(due)
            self._give_up(now - self._timeout)
            self._ask(now)
            if now >= self._next_line:
                self._tell(now, tell)
            if schedule.is_over(now) and not self._waiting and not self._pool.due:
                break
            ahead = min(schedule.upcoming, self._next_line) - time.monotonic_ns()
            self._pool.wait(min(max(ahead / NANOSECONDS, 0.0), LONGEST_WAIT))
        if not self._tally.is_empty or self._waiting or self._pool.due:
            self._tell(time.monotonic_ns(), tell)
        self._pool.close()
        tell(total_line(self.total, time.monotonic_ns()))

    @property
    def _next_line(self) -> int:
        return self._tally.begun + int(self._pace.interval * NANOSECONDS)

    def _tell(self, now: int, tell: Callable[[str], None]) -> None:
        shortest = self._pace.interval * LEAST_OF_AN_INTERVAL
        tell(interval_line(self._tally, now, [*self._waiting, *self._pool.due], shortest))
        self.total.update(self._tally)
        self._tally = Tally(now)

    def _give_up(self, before: int) -> None:
        while self._waiting and self._waiting[0] < before:
            self._outcome(self._waiting.popleft(), False)
        self._pool.give_up(before)

    def _ask(self, now: int) -> None:
        self._pool.open(now)
        while self._waiting and self._pool.has_idle:
            self._pool.send(self._waiting.popleft(), self._mix.request(), self._mix.dialogue.answer())

    def _outcome(self, due: int, success: bool | None) -> None:
        if success is None:
            self._waiting.appendleft(due)
            return
        latency = time.monotonic_ns() - due
        if success or latency >= self._timeout:
            self._tally.latencies.add(latency)
        self._tally.answers += success
        self._tally.errors += not success
