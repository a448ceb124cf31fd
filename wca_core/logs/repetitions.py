"""What is said again at the same place within a minute is counted; the count is told instead."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

WINDOW = 60.0
"""Seconds in which what is said again is only counted."""

REMEMBERED = 1000
"""Messages whose repetitions are counted at a time."""

Place: TypeAlias = tuple[str, int, str]
"""File, line, and what was said there."""


class Repetitions:
    """What was said in the last minute, and how often again; `clock`: seconds that never fall."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: dict[Place, _Said] = {}

    def heard(self, record: logging.LogRecord) -> Iterator[logging.LogRecord]:
        """What is to be written now that a record came: itself or nothing, after the counts of minutes that ended.

        What INFO does not reach is never counted: who asks for details wants them all.
        """
        if record.levelno < logging.INFO:
            yield record
            return
        now = self._clock()
        place = record.pathname, record.lineno, record.getMessage()
        known = self._said.get(place)
        if known is not None and now - known.since < WINDOW:
            known.again += 1
            return
        self._said.pop(place, None)
        yield from self._ended(now)
        self._said[place] = _Said(now, record)
        yield _counted(record, known.again) if known is not None else record

    def rest(self) -> Iterator[logging.LogRecord]:
        """The counts that were not told yet."""
        said, self._said = self._said, {}
        for one in said.values():
            yield from one.told()

    def _ended(self, now: float) -> Iterator[logging.LogRecord]:
        """Forget what was said more than a minute ago, and the oldest of too much."""
        while self._said:
            place, oldest = next(iter(self._said.items()))
            if now - oldest.since < WINDOW and len(self._said) < REMEMBERED:
                return
            self._said.pop(place, None)  # a signal's handler may log in between
            yield from oldest.told()


class _Said:
    __slots__ = ("again", "record", "since")

    def __init__(self, since: float, record: logging.LogRecord) -> None:
        self.since = since
        self.record = record
        self.again = 0

    def told(self) -> Iterator[logging.LogRecord]:
        if self.again:
            yield _counted(self.record, self.again)


def _counted(record: logging.LogRecord, again: int) -> logging.LogRecord:
    """A record as it is written with the count; the traceback was there the first time."""
    if not again:
        return record
    return logging.makeLogRecord({**vars(record), "again": again, "exc_info": None, "exc_text": None})
