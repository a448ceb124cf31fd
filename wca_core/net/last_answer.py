"""What a server told last, which may stand in for an answer for a while: bounded staleness.

| a question | gives |
|---|---|
| is answered | the answer |
| fails, and the last answer is at most `max_staleness` seconds old | the last answer |
| fails otherwise | `TaskSynchronizationException`: nothing is measured in this step, and nothing is gone |
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

from wca_core.errors import TaskSynchronizationException, WcaError
from wca_core.host import Clock

log = logging.getLogger("wca.net")

T = TypeVar("T")


class LastAnswer(Generic[T]):
    """The last answer to one question; `subject` begins what is logged about it."""

    def __init__(self, subject: str, max_staleness: float, clock: Clock) -> None:
        self.is_stale = False
        """Whether the question failed and an earlier answer stands in."""
        self._subject = subject
        self._max_staleness = max_staleness
        self._clock = clock
        self._answer: tuple[T, float] | None = None

    def to(self, ask: Callable[[], T]) -> T:
        """What `ask` gives, or gave before if it raises a `WcaError` now. Raises `TaskSynchronizationException`."""
        try:
            answer = ask()
        except WcaError as error:
            return self._standing_in(error)
        self._answer = answer, self._clock.monotonic()
        self.is_stale = False
        return answer

    def _standing_in(self, error: WcaError) -> T:
        """Told once for all failures in a row."""
        was_stale, self.is_stale = self.is_stale, False
        if self._answer is None or not self._max_staleness > 0:
            raise TaskSynchronizationException(str(error)) from error
        answer, moment = self._answer
        if self._clock.monotonic() - moment > self._max_staleness:
            raise TaskSynchronizationException(str(error)) from error
        if not was_stale:
            log.warning("%s: the last answer stands in for %g s at most: %s", self._subject, self._max_staleness, error)
        self.is_stale = True
        return answer
