"""The view where there is no terminal: a line for each step."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType

from wca_core.overview import Overview
from wca_core.overview.text import summary
from wca_top.source import Source

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class PlainLines:
    """Standard output, a line for each step; troubles on standard error. Ends after `count` steps."""

    def __init__(self, stop: threading.Event, count: int | None = None) -> None:
        self._stop = stop
        self._left = count

    def show(self, overview: Overview) -> None:
        if self._stop.is_set():
            return
        try:
            print(summary(overview), flush=True)
        except BrokenPipeError:  # whoever read has enough
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115  else the last flush at the end fails, and is told
            self._stop.set()
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self._stop.set()

    def tell(self, trouble: str) -> None:
        with suppress(OSError):
            print(f"wca top: {trouble or 'answers again'}", file=sys.stderr, flush=True)


def run_plain(source: Source, count: int | None) -> None:
    """Until `count` steps are printed or a signal comes. Raises what the source raises."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def follow() -> None:
        try:
            source.run(PlainLines(stop, count), stop)
        except Exception as error:  # noqa: BLE001  raised again in the main thread
            failures.append(error)

    # In a thread of its own: a handler runs in the main thread, which must not be the one that waits for `stop`.
    thread = threading.Thread(target=follow, name="source", daemon=True)
    before = {number: signal.signal(number, lambda number, frame: _end(stop, number, frame)) for number in ENDING}
    try:
        thread.start()
        thread.join()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if failures:
        raise failures[0]


def _end(stop: threading.Event, number: int, _frame: FrameType | None) -> None:
    """End after the step; at the second signal at once."""
    if stop.is_set():
        os._exit(128 + number)
    stop.set()
