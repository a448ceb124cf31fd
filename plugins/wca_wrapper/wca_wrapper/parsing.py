"""Feeds a parser in a thread of its own, so that one that is slow, or broken, does not hold up the application."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence

from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.contract import Parser
from wca_wrapper.tally import Tally

log = logging.getLogger("wca.wrapper")

MOST_CHUNKS = 64
"""That wait for the parser, each of some thousand bytes."""
PATIENCE = 1.0
"""Seconds that the application waits at most for a parser that is behind; then lines are dropped."""


class Parsing:
    """One parser for the output of one run."""

    def __init__(
        self,
        parser: Parser,
        tally: Tally,
        publish: Callable[[Sequence[Measurement]], None],
        ended: Callable[[], None],
        crashed: Callable[[], None],
    ) -> None:
        """`publish`: given each update. `ended`: called once, at the end of the output or at an end marker."""
        self._parser = parser
        self._tally = tally
        self._publish = publish
        self._ended = ended
        self._crashed = crashed
        self._waiting: queue.Queue[list[str] | None] = queue.Queue(MOST_CHUNKS)
        self._is_behind = False
        self._has_ended = False
        self._has_crashed = False
        self._unreadable = 0

    def begin(self, streams: int) -> None:
        """`streams`: how many will tell their end."""
        threading.Thread(target=self._run, args=[streams], name="parse", daemon=True).start()

    def take(self, lines: list[str] | None) -> None:
        """Lines of a stream, or None at its end; called by several threads."""
        if lines is None:
            self._waiting.put(None)
            return
        try:
            self._waiting.put(lines, block=not self._is_behind, timeout=PATIENCE)
            self._is_behind = False
        except queue.Full:
            if not self._is_behind:
                log.warning("the parser is too slow: lines are dropped, and counted")
            self._is_behind = True
            self._tally.drop_lines(len(lines))

    def _run(self, streams: int) -> None:
        while streams:
            lines = self._waiting.get()
            if lines is None:
                streams -= 1
                continue
            for line in lines:
                self._feed(line)
        self._end()

    def _feed(self, line: str) -> None:
        self._tally.lines += 1
        if self._has_ended:
            return
        self._call(lambda: self._parser.feed(line))
        if getattr(self._parser, "has_ended", False):
            self._end()

    def _end(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._call(self._parser.end)
            self._ended()

    def _call(self, step: Callable[[], Sequence[Measurement]]) -> None:
        try:
            found = step()
            unreadable = getattr(self._parser, "unreadable_lines", 0)
            self._tally.parse_errors += unreadable - self._unreadable
            self._unreadable = unreadable
            if found:
                self._publish(found)
        except Exception:
            self._tally.parse_errors += 1
            if not self._has_crashed:  # once is enough: it may fail at every line
                log.exception("the parser failed; the application goes on")
            if not self._has_crashed:
                self._has_crashed = True
                self._crashed()
