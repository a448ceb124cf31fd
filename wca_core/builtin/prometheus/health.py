"""Whether the agent steps, and whether what it stores is worth reading."""

from __future__ import annotations

from dataclasses import dataclass, replace

from wca_core.host import Clock
from wca_core.model.statistics import Statistics

LONGEST_INTERVAL = 60.0
"""Seconds; no configuration has a longer one. Stands for the interval until two steps have shown it."""

SLACK = 30.0
STEPS_WITHOUT_DISCOVERY = 5


@dataclass(frozen=True, slots=True)
class _Pace:
    """How steps go, as of the last one. Replaced as a whole: readers are other threads."""

    ended: float
    """When the last step ended, or the agent started [seconds, steady]."""
    interval: float = LONGEST_INTERVAL
    """From the end of a step to the end of the next."""
    steps: int = 0
    undiscovered_steps: int = 0
    """As counted since the agent started."""
    undiscovered_in_a_row: int = 0


class Health:
    """Told of every step by the agent's thread, asked by others.

    | asked | is well if |
    |---|---|
    | `trouble` | the last step ended within 3 intervals and 30 s |
    | `unreadiness` | moreover a step has ended, and in one of the last 6 a discoverer succeeded |
    """

    def __init__(self, clock: Clock, statistics: Statistics) -> None:
        self._clock = clock
        self._statistics = statistics
        self._pace = _Pace(clock.monotonic(), undiscovered_steps=statistics.undiscovered_steps)

    def step_ended(self) -> None:
        """A whole step was stored."""
        before, now = self._pace, self._clock.monotonic()
        failed = self._statistics.undiscovered_steps
        self._pace = replace(
            before,
            ended=now,
            interval=min(now - before.ended, LONGEST_INTERVAL) if before.steps else LONGEST_INTERVAL,
            steps=before.steps + 1,
            undiscovered_steps=failed,
            undiscovered_in_a_row=before.undiscovered_in_a_row + 1 if failed > before.undiscovered_steps else 0,
        )

    def trouble(self) -> str | None:
        """Why the agent seems to hang; None if it does not."""
        pace = self._pace
        passed = self._clock.monotonic() - pace.ended
        if passed <= 3 * pace.interval + SLACK:
            return None
        return f"the last step ended {passed:.0f} s ago" if pace.steps else f"no step has ended within {passed:.0f} s"

    def unreadiness(self) -> str | None:
        """Why what is stored should not be relied on; None if it may be."""
        pace = self._pace
        if not pace.steps:
            return "no step has ended yet"
        if pace.undiscovered_in_a_row > STEPS_WITHOUT_DISCOVERY:
            return f"no discoverer has succeeded in the last {pace.undiscovered_in_a_row} steps"
        return self.trouble()
