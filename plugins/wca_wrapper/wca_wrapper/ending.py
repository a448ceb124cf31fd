"""How an application is brought to its end: patience, SIGTERM, patience, SIGKILL. Pure: it only says when and what."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass, field

STAGES: tuple[int | None, ...] = (signal.SIGTERM, signal.SIGKILL, None)
"""What is sent when the patience of each stage is over; after the last, whoever still is there is left behind."""


@dataclass(slots=True)
class Ending:
    """Begins once; `now` [seconds] never falls."""

    patience: float
    now: Callable[[], float]
    is_over: bool = False
    _stage: int = 0
    _deadline: float | None = field(default=None, init=False)

    def begin(self, *, at_once: bool = False) -> None:
        """`at_once`: without waiting whether it ends by itself."""
        if self._deadline is None or (at_once and self._stage == 0):
            self._deadline = self.now() + (0 if at_once else self.patience)

    @property
    def remaining(self) -> float | None:
        """Seconds until `due`; None: it has not begun."""
        return None if self._deadline is None else max(0.0, self._deadline - self.now())

    def due(self) -> int | None:
        """The signal to send now, the patience of a stage being over; None at the end."""
        sent = STAGES[self._stage]
        self.is_over = sent is None
        self._stage = min(self._stage + 1, len(STAGES) - 1)
        self._deadline = self.now() + self.patience
        return sent
