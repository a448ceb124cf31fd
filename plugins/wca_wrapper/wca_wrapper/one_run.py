"""The application from one start to its end: pipes drained, output parsed, signals handed on, its end brought about."""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wca_wrapper.draining import Drain
from wca_wrapper.echo import Echo, Shared
from wca_wrapper.ending import Ending
from wca_wrapper.measurement import Measurement
from wca_wrapper.parsers.contract import Parser
from wca_wrapper.parsing import Parsing
from wca_wrapper.process import Application
from wca_wrapper.settings import Streams
from wca_wrapper.tally import Tally

CRASHED = 71
"""Exit code where a parser failed that must not."""
KILLED = 128 + signal.SIGKILL
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Event:
    """What the main thread is told: `exited` (with a code), `parsed`, `closed`, `signal` (number), `abort` (code)."""

    kind: str
    value: int = 0
    run: Run | None = None
    """Of which run; None: of all."""


@dataclass(eq=False, kw_only=True)
class Handling:
    """How every run of an application is to be handled."""

    words: Sequence[str]
    make_parser: Callable[[], Parser]
    tally: Tally
    streams: Streams = "0"
    echoes: tuple[Shared, Shared] | None = None
    """Our standard output and standard error; None: nothing is echoed."""
    grace_period: float = 5.0
    parser_must_not_fail: bool = False


class Run:
    """The application from its start to its end. Raises `CannotRunError`."""

    def __init__(
        self,
        handling: Handling,
        events: queue.SimpleQueue[Event],
        publish: Callable[[Sequence[Measurement]], None],
    ) -> None:
        """`events`: put by all who have something to tell. `publish`: given every update."""
        self._handling = handling
        self._events = events
        self._ending = Ending(handling.grace_period, time.monotonic)
        self._code: int | None = None
        self._aborted_with: int | None = None
        self._is_parsed = False
        self._open_pipes = 2
        self._drains: list[Drain] = []
        self.must_end = False
        """It is not to be started again."""
        parser = handling.make_parser()
        self._application = Application(handling.words)
        self._begin(Parsing(parser, handling.tally, publish, self._teller("parsed"), self._parser_crashed))

    def supervised(self) -> int:
        """Its exit code, or that of what made us end it."""
        while not self._is_done and not self._is_cut_off:
            try:
                self._take(self._events.get(timeout=self._ending.remaining))
            except queue.Empty:
                if (number := self._ending.due()) is not None:
                    self._application.send(number)
        if self._aborted_with is not None:
            return self._aborted_with
        return KILLED if self._code is None else self._code

    @property
    def _is_done(self) -> bool:
        return self._code is not None and self._is_parsed and not self._open_pipes

    @property
    def _is_cut_off(self) -> bool:
        """Nothing more is waited for: but for a slow reader of our output, as any application would wait for it."""
        is_read_slowly = self._code is not None and any(drain.is_echoing for drain in self._drains)
        return self._ending.is_over and (self.must_end or not is_read_slowly)

    def _begin(self, parsing: Parsing) -> None:
        echoes = self._handling.echoes
        parsed = {"0": (0,), "1": (1,), "both": (0, 1)}[self._handling.streams]
        for number, pipe in enumerate(self._application.pipes):
            echo = Echo(echoes[self._place_of(number)]) if echoes is not None else None
            take = parsing.take if number in parsed else None
            self._drains.append(Drain(pipe, echo, take, self._teller("closed")))
        parsing.begin(len(parsed))
        threading.Thread(target=self._wait, name="wait", daemon=True).start()

    def _place_of(self, number: int) -> int:
        """Our stream for one of the application: the parsed one goes to standard output."""
        return 1 - number if self._handling.streams == "1" else number

    def _teller(self, kind: str) -> Callable[[], None]:
        return lambda: self._tell(kind)

    def _tell(self, kind: str, value: int = 0) -> None:
        self._events.put(Event(kind, value, self))

    def _wait(self) -> None:
        self._tell("exited", self._application.wait())

    def _parser_crashed(self) -> None:
        if self._handling.parser_must_not_fail:
            self._events.put(Event("abort", CRASHED))

    def _take(self, event: Event) -> None:
        if event.run is not None and event.run is not self:
            return  # of an earlier run, whose end we did not wait for
        if event.kind == "exited":
            self._code = event.value
            self._ending.begin()
        elif event.kind == "parsed":
            self._is_parsed = True
            self._ending.begin()
        elif event.kind == "closed":
            self._open_pipes -= 1
        elif event.kind == "signal":
            self._application.send(event.value)
            if event.value in ENDING_SIGNALS:
                self.must_end = True
                self._ending.begin()
        elif event.kind == "abort":
            self._aborted_with, self.must_end = event.value, True
            self._ending.begin(at_once=True)
