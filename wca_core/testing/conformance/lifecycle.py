"""What is asked of starting and stopping: as often as it happens, and everything is given back."""

from __future__ import annotations

import gc
import os
import threading
import time

from wca_core.testing.conformance.check import broken, of_hooks
from wca_core.testing.conformance.subject import Subject
from wca_core.testing.conformance.trial import Trial, trial

PATIENCE = 5.0
"""Seconds that a thread which was told to end may take."""


LIVES = 3
"""In each of which at least one file is left open, if it is not one that the process opened once for all."""


@of_hooks("stop")
def stops_without_having_started(subject: Subject) -> None:
    """`stop` on an instance that was never started does nothing and raises nothing: another one refused to start."""
    with trial(subject) as one:
        one.stop()


@of_hooks("stop")
def stops_twice(subject: Subject) -> None:
    """A second `stop` does nothing and raises nothing."""
    with trial(subject) as one:
        one.run(1)
        one.stop()


def starts_again_after_it_stopped(subject: Subject) -> None:
    """Stopped and started again, the same instance gives the same kinds of things as before."""
    with trial(subject) as one:
        lives = [[sorted(hook for hook, items in given.by_hook.items() if items) for given in one.run(2)] for _ in "12"]
        if one.subject.has("start", "stop") and lives[0] and not set(lives[0][-1]) <= set(lives[1][-1]):
            silent = ", ".join(set(lives[0][-1]) - set(lives[1][-1]))
            broken(f"{subject.place}: after a second start {silent} gives nothing: open in `start` what `stop` closes")


def gives_its_threads_back(subject: Subject) -> None:
    """After `stop` no thread runs that did not run before."""
    before = set(threading.enumerate())
    with trial(subject) as one:
        one.run(2)
        left = _threads_left(before)
    if left:
        broken(f"{subject.place}: threads still run after stop: {', '.join(left)}; tell them to end, and join them")


def gives_its_open_files_back(subject: Subject) -> None:
    """After `stop`, three lives long, no file or socket is open that was not open before."""
    with trial(subject) as one:
        _live(one)
        before = _open_files()
        for _ in range(LIVES):
            _live(one)
        left = {number: path for number, path in _open_files().items() if number not in before}
    if len(left) >= LIVES:
        broken(
            f"{subject.place}: {len(left)} open files after stop: {', '.join(sorted(left.values())[:3])}; close them"
        )


def _live(one: Trial) -> None:
    one.run(2)
    one.host.close()
    gc.collect()


def _threads_left(before: set[threading.Thread]) -> list[str]:
    """The names of those that do not end within a moment."""
    until = time.monotonic() + PATIENCE
    for thread in set(threading.enumerate()) - before:
        thread.join(max(0.0, until - time.monotonic()))
    return sorted(thread.name for thread in set(threading.enumerate()) - before)


def _open_files() -> dict[int, str]:
    found: dict[int, str] = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue  # the one that listed the directory
    return found


CHECKS = (
    stops_without_having_started,
    stops_twice,
    starts_again_after_it_stopped,
    gives_its_threads_back,
    gives_its_open_files_back,
)
