"""How fast recorded time passes."""

from __future__ import annotations

import math
import time

from wca_core.errors import ConfigurationError

FASTEST = math.inf


def speed_of(text: str) -> float:
    """`max`, `10`, `0.5`, `10x`: multiples of real time. Raises `ConfigurationError`."""
    if text == "max":
        return FASTEST
    try:
        speed = float(text.removesuffix("x"))
    except ValueError:
        speed = math.nan
    if not (math.isfinite(speed) and speed > 0):
        raise ConfigurationError(f"--speed {text}: max or a number above 0 expected, a multiple of real time")
    return speed


class Pacing:
    """Lets recorded time pass at a speed, from the first step that is waited for."""

    def __init__(self, speed: float = FASTEST) -> None:
        self._speed = speed
        self._begun: float | None = None

    def wait_for(self, seconds: float) -> None:
        """Until so many recorded seconds have passed."""
        if math.isinf(self._speed):
            return
        due = seconds / self._speed
        if self._begun is None:
            self._begun = time.monotonic() - due
        time.sleep(max(0.0, self._begun + due - time.monotonic()))
