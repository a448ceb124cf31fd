"""The pacing of steps: deadlines without drift, missed ones counted, signals obeyed.

| signal | effect |
|---|---|
| SIGTERM, SIGINT | the step ends, then the agent; a second one ends the process at once |
| SIGHUP | between two steps the plugins open their outputs again and read their files again |
| SIGHUP, as the terminal closes | as SIGTERM |
"""

from __future__ import annotations

import logging
import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from types import FrameType

from wca_core.agent import Agent

log = logging.getLogger("wca.loop")

STOPPING = (signal.SIGTERM, signal.SIGINT)

PATIENCE = 10
"""Seconds that a step may still take once a signal has asked to stop."""


class _StepTakesTooLong(BaseException):
    """Raised into a step that does not end after a signal; not an `Exception`, so no guard catches it."""


class _Asked:
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


def run_steps(agent: Agent, interval: float | None, count: int | None = None) -> None:
    """Step until `count` is reached or SIGTERM or SIGINT comes; `interval` [seconds], 0 or None: no pause.

    Starts the agent before and stops it after, whatever happens. Raises `StartError`.
    """
    with closing(_Asked()) as asked, _signals(asked):
        agent.start()
        try:
            _steps(agent, interval or 0.0, count, asked)
        except _StepTakesTooLong:
            log.error("the step did not end within %d s after the signal and was broken off", PATIENCE)
        finally:
            signal.alarm(0)  # the patience was for the step; stopping has its own
            agent.stop()


def _steps(agent: Agent, interval: float, count: int | None, asked: _Asked) -> None:
    statistics, monotonic = agent.host.statistics, agent.host.clock.monotonic
    deadline = monotonic()
    while not asked.to_stop and (count is None or statistics.iterations < count):
        started = monotonic()
        agent.step()
        ended = monotonic()
        statistics.function("iteration").add(ended - started)
        statistics.iterations += 1
        if statistics.iterations == count:
            return
        deadline, missed = next_deadline(deadline, ended, interval)
        if interval and ended - started > interval:
            statistics.overruns += 1
        statistics.missed_deadlines += missed
        _pause(agent, asked, deadline)


def _pause(agent: Agent, asked: _Asked, deadline: float) -> None:
    """Wait for the deadline, or for the signal to stop."""
    monotonic = agent.host.clock.monotonic
    while not asked.to_stop and asked.wait(max(0.0, deadline - monotonic())):
        if asked.takes_reload():
            log.info("SIGHUP: plugins open their outputs again and read their files again")
            agent.reload()


def next_deadline(deadline: float, now: float, interval: float) -> tuple[float, int]:
    """The deadline of the next step, and how many before it are missed for good.

    Deadlines stay multiples of the interval behind the first. One that has passed is served at once,
    late; those before it are missed.
    """
    if interval <= 0:
        return now, 0
    passed = int((now - deadline) / interval)
    if passed < 1:
        return deadline + interval, 0
    return deadline + passed * interval, passed - 1


@contextmanager
def _signals(asked: _Asked) -> Iterator[None]:
    """Obey the signals as long as the steps run."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (*STOPPING, signal.SIGALRM, signal.SIGHUP)}
    for number in STOPPING:
        signal.signal(number, _stopper(asked))
    signal.signal(signal.SIGHUP, _reloader(asked))
    signal.signal(signal.SIGALRM, _break_off)
    bell = signal.set_wakeup_fd(asked.bell, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.set_wakeup_fd(bell)
        for number, handler in before.items():
            signal.signal(number, handler)


def _stopper(asked: _Asked) -> Callable[[int, FrameType | None], None]:
    def obey(number: int, _frame: FrameType | None) -> None:
        if asked.to_stop:
            os._exit(128 + number)
        asked.stop()
        signal.alarm(PATIENCE)

    return obey


def _reloader(asked: _Asked) -> Callable[[int, FrameType | None], None]:
    has_terminal = os.isatty(0)

    def obey(_number: int, _frame: FrameType | None) -> None:
        if has_terminal and not os.isatty(0):
            asked.stop()  # the kernel sends it too, when the terminal is gone
        else:
            asked.reload()

    return obey


def _break_off(_number: int, _frame: FrameType | None) -> None:
    raise _StepTakesTooLong
