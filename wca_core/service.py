"""What the service manager that started this process is told: ready, alive, reloading, stopping (sd_notify(3)).

One datagram each to the socket that `NOTIFY_SOCKET` names. Without that variable nothing is told, and what the service
manager does not take in costs nothing.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

log = logging.getLogger("wca.service")


class ServiceManager:
    """Whoever started this process and wants to know how it fares: systemd, or nobody."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self._patience = watchdog_seconds(environment, os.getpid())
        self._knows_ready = False
        self._status = ""

    def expect_steps_every(self, interval: float) -> None:
        """Warn if the service manager would take the pause between two steps [seconds] for a hang."""
        if self._address and 0 < self._patience <= interval:
            log.warning(
                "the watchdog of the service ends the agent after %g s without a step, and a step comes every %g s:"
                " make WatchdogSec several intervals long",
                self._patience,
                interval,
            )

    def stepped(self, status: str) -> None:
        """A step is done: ready from the first one on, alive with each; `status` is told when it changes."""
        if not self._address:
            return
        words = ["WATCHDOG=1"] if self._patience else []
        if not self._knows_ready:
            words.append("READY=1")
        if status != self._status:
            words.append(f"STATUS={status}")
        if words and self._tell(words):
            self._knows_ready, self._status = True, status

    @contextmanager
    def reloading(self) -> Iterator[None]:
        """The agent reads its files again, and is ready again afterwards."""
        self._tell(["RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}"])
        try:
            yield
        finally:
            self._knows_ready = self._tell(["READY=1"])

    def stopping(self) -> None:
        """The agent ends: it stops its plugins, and nothing more is told."""
        self._tell(["STOPPING=1", "STATUS=Stopping"])
        self._address = ""

    def _tell(self, words: list[str]) -> bool:
        """Whether the service manager was told: not if nobody listens, or too much waits for it already."""
        if not self._address:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
                mouth.setblocking(False)
                mouth.sendto("\n".join(words).encode(), self._address)
        except OSError as error:
            log.debug("the service manager was not told %s: %s", words, error)
            return False
        return True


def watchdog_seconds(environment: Mapping[str, str], pid: int) -> float:
    """How long the service manager waits for a sign of life of this process; 0: for ever."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    if not (microseconds.isascii() and microseconds.isdigit()):
        return 0.0
    if environment.get("WATCHDOG_PID", str(pid)) != str(pid):
        return 0.0  # it waits for the process that started this one
    return int(microseconds) / 1e6


def _address(text: str) -> str:
    """A file, or a name of the abstract namespace, which begins with `@`; nothing else is a socket here."""
    if text.startswith("@"):
        return "\0" + text[1:]
    return text if text.startswith("/") else ""
