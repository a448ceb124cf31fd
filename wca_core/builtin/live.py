"""What people see of a running agent: a view on a terminal, a line per step elsewhere, on standard error."""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, TextIO

from wca_core.config.field_types import Between
from wca_core.hookspecs import Stream
from wca_core.host import Clock, Host, SystemClock
from wca_core.model.metric import Samples
from wca_core.overview import Overview, OverviewMaker
from wca_core.overview.cells import width_of
from wca_core.overview.text import summary
from wca_core.overview.view import lines
from wca_core.plugin_api import hookimpl, plugin

LOGGER = "wca"


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class LiveSummary:
    """Shows each step to whoever started the agent."""

    height: Annotated[int, Between(3, 1000)] = 16
    """Lines on a terminal, if it has so many."""

    _maker: OverviewMaker = field(default_factory=OverviewMaker, init=False, repr=False)
    _clock: Clock = field(default_factory=SystemClock, init=False, repr=False)
    _screen: _Screen | None = field(default=None, init=False, repr=False)
    _where: str = field(default="", init=False, repr=False)

    @hookimpl
    def start(self, host: Host) -> None:
        self._maker = OverviewMaker(host.labels.get("host", host.name))
        self._clock = host.clock
        self._where = " ".join(host.endpoints)
        self._screen = _Screen(sys.stderr) if _is_terminal(sys.stderr) else None
        _write(sys.stderr, " · ".join([*host.endpoints, "Ctrl-C ends"]) + "\n")
        if self._screen is not None and _is_terminal(sys.stdout):
            self._screen.make_way()

    @hookimpl
    def stop(self) -> None:
        if self._screen is not None:
            self._screen.close()
            self._screen = None

    @hookimpl
    def store(self, samples: Samples, stream: Stream) -> None:
        self._maker.add(samples, stream, self._clock.now())
        overview = self._maker.overview()
        if stream == "metrics" and overview is not None:
            self._show(overview)

    def _show(self, overview: Overview) -> None:
        if self._screen is None:
            where = f"  {self._where}" if self._where else ""
            _write(sys.stderr, f"{summary(overview)}{where}\n")
            return
        width, height = self._screen.size()
        self._screen.draw(lines(overview, width, min(self.height, height - 1)))


class _Screen:
    """Some lines of a terminal that are written over and over; log records come above them.

    Only control sequences that every terminal since the VT100 obeys: cursor up, erase to the end.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._drawn: Sequence[str] = ()
        self._drawing = threading.RLock()
        self._curtain = _Curtain(self.erase)

    def size(self) -> tuple[int, int]:
        """Columns and lines, as they are now."""
        with suppress(OSError, ValueError):
            found = os.get_terminal_size(self._stream.fileno())
            if found.columns > 0 and found.lines > 0:
                return found.columns, found.lines
        return 80, 24

    def draw(self, text: Sequence[str]) -> None:
        with self._drawing:
            _write(self._stream, self._erasure() + "".join(f"{line}\n" for line in text))
            self._drawn = text

    def erase(self) -> None:
        with self._drawing:
            if self._drawn:
                _write(self._stream, self._erasure())
                self._drawn = ()

    def make_way(self) -> None:
        """From now on erase what is drawn before a log record is written, which goes to the same terminal."""
        logging.getLogger(LOGGER).handlers.insert(0, self._curtain)

    def close(self) -> None:
        """What was drawn last stays."""
        logging.getLogger(LOGGER).removeHandler(self._curtain)

    def _erasure(self) -> str:
        """To the beginning of what is drawn; in a terminal made narrower, lines have become several."""
        width, _ = self.size()
        rows = sum(max(1, -(-width_of(line) // width)) for line in self._drawn)
        return f"\033[{rows}A\r\033[J" if rows else ""


class _Curtain(logging.Handler):
    """Called before the handlers that write."""

    def __init__(self, erase: Callable[[], None]) -> None:
        super().__init__()
        self._erase = erase

    def emit(self, record: logging.LogRecord) -> None:
        self._erase()


def _is_terminal(stream: TextIO | None) -> bool:
    """Whether it takes control sequences."""
    with suppress(ValueError):
        return stream is not None and stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return False


def _write(stream: TextIO | None, text: str) -> None:
    """At once, past the buffer of the stream; raises `OSError` where nobody reads any more."""
    if stream is None:  # closed by whoever started this
        return
    encoded = text.encode(getattr(stream, "encoding", None) or "utf-8", errors="replace")
    try:
        descriptor = stream.fileno()
    except (io.UnsupportedOperation, AttributeError):
        stream.write(text)
        return
    while encoded:
        encoded = encoded[os.write(descriptor, encoded) :]
