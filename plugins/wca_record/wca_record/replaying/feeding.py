"""A replay from one step of a recording to another."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wca_core.errors import ConfigurationError
from wca_record.replaying.loop import Replay
from wca_record.replaying.pacing import FASTEST, Pacing
from wca_record.replaying.result import ReplayedStep

if TYPE_CHECKING:
    from wca_record.step import RecordedStep


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in a recording: seconds since its first step, or a time of day of a date."""

    seconds: float | None = None
    unix: float | None = None

    @classmethod
    def of(cls, text: str) -> Moment:
        """`90`, `2026-11-21T20:07:43`, `2026-11-21T21:07:43+01:00`; without an offset UTC.

        Raises `ConfigurationError`.
        """
        from datetime import UTC, datetime

        try:
            seconds = float(text)
        except ValueError:
            seconds = math.nan
        if seconds >= 0 and math.isfinite(seconds):
            return cls(seconds=seconds)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            expected = "seconds since the first step expected, or a time like 2026-11-21T20:07:43Z"
            raise ConfigurationError(f"{text!r}: {expected}") from error
        return cls(unix=(moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())

    def is_at_or_before(self, now: float, seconds: float) -> bool:
        """Whether a step is not before this moment. `now`: Unix time of the step; `seconds`: since the first one."""
        if self.seconds is not None:
            return self.seconds <= seconds
        return self.unix is None or self.unix <= now


BEGINNING = Moment(seconds=0.0)
END = Moment(seconds=math.inf)


@dataclass(frozen=True, slots=True)
class Span:
    """Which steps are fed, and how fast. To the plugins the first of them is the first of all."""

    since: Moment = BEGINNING
    until: Moment = END
    """Before this."""
    speed: float = FASTEST


def replayed(replay: Replay, steps: Iterable[RecordedStep], span: Span | None = None) -> Generator[ReplayedStep]:
    """Start the plugins, feed them the steps, stop them, also when it is closed early. Raises `StartError`."""
    span = span or Span()
    pacing = Pacing(span.speed)
    is_started = False
    try:
        for recorded in steps:
            seconds = replay.seconds_of(recorded)
            if span.until.is_at_or_before(recorded.now, seconds):
                break
            if not span.since.is_at_or_before(recorded.now, seconds):
                replay.skip()
                continue
            pacing.wait_for(seconds)
            if not is_started:
                replay.start(recorded)
                is_started = True
            yield replay.step(recorded)
    finally:
        replay.stop()
