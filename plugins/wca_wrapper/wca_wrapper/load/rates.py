"""How many requests a second, when: a rate over time.

A pattern is asked through its integral: `expected(t)` requests are due by second `t`, number `n` is at `moment(n)`.
Each is the inverse of the other, so that how requests are spaced (`arrivals`) has to know no pattern.

| text | rate |
|---|---|
| `1000` | constant |
| `sine:500,1500,60` | a wave between 500 and 1500 of 60 seconds, which begins at the mean and rises |
| `step:500x20,2000x10` | 500 for 20 seconds, 2000 for 10, and again from the start |
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from wca_core.errors import ConfigurationError

HIGHEST = 1e6
"""Requests a second; no generator reaches it."""
LONGEST = 86_400.0
"""Seconds of a wave or step."""
STEPS = 60
"""Halvings that leave nothing of a day."""


class Rate(Protocol):
    """Requests a second over time."""

    def expected(self, seconds: float) -> float:
        """Requests due between the start and this second."""

    def moment(self, number: float) -> float:
        """The second at which so many are due."""


@dataclass(frozen=True, slots=True)
class Constant:
    """The same rate always."""

    rate: float

    def expected(self, seconds: float) -> float:
        return self.rate * seconds

    def moment(self, number: float) -> float:
        return number / self.rate


@dataclass(frozen=True, slots=True)
class Sine:
    """A wave between two rates."""

    low: float
    high: float
    period: float

    def expected(self, seconds: float) -> float:
        angle = 2 * math.pi * (seconds % self.period) / self.period
        swing = (self.high - self.low) / 2 * self.period / (2 * math.pi)
        return self._mean * seconds + swing * (1 - math.cos(angle))

    def moment(self, number: float) -> float:
        """To the microsecond: by Newton's method, and by halving where the wave is so flat that it would leap away."""
        early, late = number / self._mean - self.period, number / self._mean
        guess = late
        for _ in range(STEPS):
            error = self.expected(guess) - number
            early, late = (early, guess) if error > 0 else (guess, late)
            slope = self._mean + (self.high - self.low) / 2 * math.sin(2 * math.pi * guess / self.period)
            if abs(error) < 1e-6 * slope or late - early < 1e-9:
                break
            guess -= error / slope if slope > 0 else math.inf
            if not early < guess < late:
                guess = (early + late) / 2
        return max(0.0, guess)

    @property
    def _mean(self) -> float:
        return (self.low + self.high) / 2


@dataclass(frozen=True, slots=True)
class Steps:
    """Rates one after another, `(rate, seconds)`, again and again."""

    steps: tuple[tuple[float, float], ...]

    def expected(self, seconds: float) -> float:
        rounds, rest = divmod(seconds, sum(length for _, length in self.steps))
        return rounds * self._of_round + sum(
            rate * min(max(rest - start, 0.0), length)
            for (rate, length), start in zip(self.steps, self._starts(), strict=True)
        )

    def moment(self, number: float) -> float:
        rounds, rest = divmod(number, self._of_round)
        seconds = rounds * sum(length for _, length in self.steps)
        for rate, length in self.steps:
            if rate > 0 and rest <= rate * length:
                return seconds + rest / rate
            rest -= rate * length
            seconds += length
        return seconds

    @property
    def _of_round(self) -> float:
        return sum(rate * length for rate, length in self.steps)

    def _starts(self) -> list[float]:
        return [sum(length for _, length in self.steps[:number]) for number in range(len(self.steps))]


def parse_rate(text: str) -> Rate:
    """The pattern that a text names, see the table above. Raises `ConfigurationError`."""
    kind, _, rest = text.rpartition(":")
    reader = READERS.get(kind)
    if reader is None:
        raise ConfigurationError(f"rate {text!r}: {', '.join(READERS)[2:]} or a number expected")
    try:
        return reader(rest)
    except ValueError as error:
        raise ConfigurationError(
            f"rate {text!r}: {error}; such as 1000, sine:500,1500,60, step:500x20,2000x10"
        ) from None


def _constant(text: str) -> Rate:
    rate = _number(text, HIGHEST)
    if rate == 0:
        raise ValueError("more than 0 requests a second expected")
    return Constant(rate)


def _sine(text: str) -> Rate:
    words = text.split(",")
    if len(words) != 3:
        raise ValueError("lowest rate, highest rate, seconds expected")
    low, high, period = _number(words[0], HIGHEST), _number(words[1], HIGHEST), _number(words[2], LONGEST)
    if not low <= high or high == 0 or period == 0:
        raise ValueError("a lowest rate, a highest one that is not below it, more than 0 seconds expected")
    return Sine(low, high, period)


def _steps(text: str) -> Rate:
    pairs = [word.partition("x") for word in text.split(",")]
    steps = tuple((_number(rate, HIGHEST), _number(length, LONGEST)) for rate, _, length in pairs)
    if not sum(rate * length for rate, length in steps):
        raise ValueError("a step with more than 0 requests expected")
    return Steps(steps)


def _number(text: str, most: float) -> float:
    value = float(text)
    if not (value == 0 or 1e-3 <= value <= most):
        raise ValueError(f"{text} is not between 0.001 and {most:g}, nor 0")
    return value


READERS: dict[str, Callable[[str], Rate]] = {"": _constant, "sine": _sine, "step": _steps}
