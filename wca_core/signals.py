"""What signals ask of the agent.

| signal | effect |
|---|---|
| SIGTERM, SIGINT | the step ends, then the agent; a second one ends the process at once |
| SIGHUP | between two steps the log and the plugins' outputs are opened again, and plugins read their files again |
| SIGHUP, as the terminal closes | as SIGTERM |
| SIGUSR1 | the state and the stacks of all threads are logged at once, also within a step that hangs |
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeAlias

STOPPING = (signal.SIGTERM, signal.SIGINT)

_Handler: TypeAlias = Callable[[int, FrameType | None], None]

PATIENCE = 10
"""Seconds that a step may still take once a signal has asked to stop."""


class StepTakesTooLong(BaseException):
    """Raised into a step that does not end after a signal; not an `Exception`, so no guard catches it."""


class Asked:
    """What signals have asked for, and the pause that this ends.

    Not a `threading.Event`: Python runs a handler between any two instructions of the main thread, also while
    that holds the lock of the event for which `set` then waits for ever. And not what a handler writes: one whose
    signal comes just before a system call begins runs after it. The kernel's signal itself writes to `bell`
    (`signal.set_wakeup_fd`), wherever it comes.
    """

    def __init__(self) -> None:
        self.to_stop = False
        self._to_reload = False
        self._ear, self.bell = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._ear, select.POLLIN)

    def stop(self) -> None:
        self.to_stop = True

    def reload(self) -> None:
        self._to_reload = True

    def wait(self, seconds: float) -> bool:
        """Return after this time, or as soon as something is asked for: then true, and the flags are to be read."""
        if not self._poll.poll(seconds * 1000):
            return False
        os.read(self._ear, 4096)  # what is left unread would end every later pause at once
        return True

    def takes_reload(self) -> bool:
        """Whether to reload now; a signal from here on is answered by this reload or asks for another."""
        if not self._to_reload:
            return False
        self._to_reload = False
        return True

    def close(self) -> None:
        os.close(self._ear)
        os.close(self.bell)


@contextmanager
def obeyed(asked: Asked, dump: Callable[[], None]) -> Iterator[None]:
    """Obey the signals as long as the steps run; `dump` is called for SIGUSR1. Only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = dict.fromkeys(STOPPING, _stopper(asked))
    handlers |= {signal.SIGHUP: _reloader(asked), signal.SIGUSR1: _dumper(dump), signal.SIGALRM: _break_off}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    bell = signal.set_wakeup_fd(asked.bell, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.set_wakeup_fd(bell)
        for number, handler in before.items():
            signal.signal(number, handler)


def _stopper(asked: Asked) -> _Handler:
    def obey(number: int, _frame: FrameType | None) -> None:
        if asked.to_stop:
            os._exit(128 + number)
        asked.stop()
        signal.alarm(PATIENCE)

    return obey


def _reloader(asked: Asked) -> _Handler:
    has_terminal = os.isatty(0)

    def obey(_number: int, _frame: FrameType | None) -> None:
        if has_terminal and not os.isatty(0):
            asked.stop()  # the kernel sends it too, when the terminal is gone
        else:
            asked.reload()

    return obey


def _dumper(dump: Callable[[], None]) -> _Handler:
    def obey(_number: int, _frame: FrameType | None) -> None:
        dump()

    return obey


def _break_off(_number: int, _frame: FrameType | None) -> None:
    raise StepTakesTooLong
