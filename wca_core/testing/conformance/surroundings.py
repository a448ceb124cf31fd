"""What a process has once for all that run in it: handlers of signals, loggers, and settings of its own and of Python.

Whatever a plugin changes of it is put back after each life, so that one check does not hide it from the next.
"""

from __future__ import annotations

import gc
import locale
import logging
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

Look: TypeAlias = Callable[[], dict[str, object]]

OURS = ("", "wca")
"""Loggers, by name."""


def handlers() -> dict[str, object]:
    """Of signals."""
    return {f"the handler of {one.name}": signal.getsignal(one) for one in signal.Signals}


def loggers() -> dict[str, object]:
    """The root logger, and the agent's."""
    found: dict[str, object] = {"logging.disable": logging.root.manager.disable}
    for name in OURS:
        logger = logging.getLogger(name)
        state = logger.level, tuple(logger.handlers), tuple(logger.filters), logger.disabled, logger.propagate
        found[f"logger {name or 'root'}"] = state
    return found


def settings() -> dict[str, object]:
    """Of the process, and of Python in it."""
    return {name: look() for name, (look, _) in SETTINGS.items()}


@contextmanager
def put_back() -> Iterator[None]:
    """Afterwards everything is as it was before."""
    before = handlers(), loggers(), settings()
    try:
        yield
    finally:
        _put_back_handlers(before[0])
        _put_back_loggers(before[1])
        _put_back_settings(before[2])


@contextmanager
def unheard() -> Iterator[None]:
    """Nobody takes what is logged: a test runner keeps every record, which would look like a leak of the plugin's."""
    before = loggers()
    for name in OURS:
        logging.getLogger(name).handlers[:] = [logging.NullHandler()]
    try:
        yield
    finally:
        _put_back_loggers(before)


def _put_back_handlers(before: Mapping[str, Any]) -> None:
    for number, handler in zip(signal.Signals, before.values(), strict=True):
        if signal.getsignal(number) != handler and handler is not None:
            with suppress(OSError, ValueError):
                signal.signal(number, handler)


def _put_back_loggers(before: Mapping[str, Any]) -> None:
    if loggers() == before:
        return
    logging.disable(before["logging.disable"])
    for name in OURS:
        logger = logging.getLogger(name)
        level, of_handlers, filters, logger.disabled, logger.propagate = before[f"logger {name or 'root'}"]
        logger.setLevel(level)
        logger.handlers[:], logger.filters[:] = of_handlers, filters


def _put_back_settings(before: Mapping[str, Any]) -> None:
    for name, (look, set_to) in SETTINGS.items():
        if look() != before[name]:
            with suppress(OSError, ValueError):
                set_to(before[name])


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _set_environment(wanted: Mapping[str, str]) -> None:
    for name in os.environ.keys() - wanted.keys():
        del os.environ[name]
    os.environ.update(wanted)


def _set_path(wanted: list[str]) -> None:
    sys.path[:] = wanted


def _set_garbage(wanted: tuple[bool, tuple[int, int, int]]) -> None:
    is_on, thresholds = wanted
    (gc.enable if is_on else gc.disable)()
    gc.set_threshold(*thresholds)


SETTINGS: Mapping[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {
    "the working directory": (os.getcwd, os.chdir),
    "the environment": (lambda: dict(os.environ), _set_environment),
    "the locale": (lambda: locale.setlocale(locale.LC_ALL), lambda to: locale.setlocale(locale.LC_ALL, to)),
    "the file mask": (_mask, os.umask),
    "the CPUs it runs on": (lambda: os.sched_getaffinity(0), lambda to: os.sched_setaffinity(0, to)),
    "the priority": (
        lambda: os.getpriority(os.PRIO_PROCESS, 0),
        lambda to: os.setpriority(os.PRIO_PROCESS, 0, to),
    ),
    "the limit of open files": (
        lambda: resource.getrlimit(resource.RLIMIT_NOFILE),
        lambda to: resource.setrlimit(resource.RLIMIT_NOFILE, to),
    ),
    "the limit of recursion": (sys.getrecursionlimit, sys.setrecursionlimit),
    "the timeout of sockets": (socket.getdefaulttimeout, socket.setdefaulttimeout),
    "the hook for uncaught errors": (lambda: sys.excepthook, lambda to: setattr(sys, "excepthook", to)),
    "the hook for uncaught errors of threads": (
        lambda: threading.excepthook,
        lambda to: setattr(threading, "excepthook", to),
    ),
    "the path of modules": (lambda: list(sys.path), _set_path),
    "the collection of garbage": (lambda: (gc.isenabled(), gc.get_threshold()), _set_garbage),
    "the interval between threads": (sys.getswitchinterval, sys.setswitchinterval),
}
