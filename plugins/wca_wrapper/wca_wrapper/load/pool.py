"""A number of connections to one server, kept open; who has one idle can ask."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from wca_wrapper.load.connection import BrokenError, Connection
from wca_wrapper.load.protocols.contract import Steps
from wca_wrapper.load.target import Target

PAUSE = 100_000_000
"""Nanoseconds before a connection that broke is tried again."""

Outcome = Callable[[int, bool | None], None]
"""Told when a request was due and whether it succeeded; None: to be asked again."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens, found once: names are not asked for while latencies are measured."""

    family: int
    place: tuple[object, ...]


def address_of(target: Target) -> Address:
    """Raises `OSError`."""
    family, _, _, _, place = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)[0]
    return Address(family, place)


class Pool:
    """`size` connections, below 1000: `select` waits for microseconds, which `epoll` does not, and takes no more."""

    def __init__(self, address: Address, size: int, outcome: Outcome) -> None:
        self.complaint = ""
        """Why a connection broke last."""
        self._address = address
        self._size = size
        self._outcome = outcome
        self._idle: list[Connection] = []
        self._all: list[Connection] = []
        self._again = 0

    @property
    def has_idle(self) -> bool:
        return bool(self._idle)

    @property
    def is_complete(self) -> bool:
        return len(self._all) == self._size and all(one.is_open for one in self._all)

    @property
    def due(self) -> list[int]:
        """When the requests on their way were due."""
        return [one.due for one in self._all if one.due is not None]

    def send(self, due: int, request: bytes, steps: Steps) -> None:
        """On an idle connection, of which there must be one."""
        connection = self._idle.pop()
        try:
            connection.send(due, request, steps)
        except BrokenError as error:
            self._broke(connection, error)

    def wait(self, seconds: float) -> None:
        """Until a connection has something to do, at most so long; do it."""
        writers = [one for one in self._all if one.wants_to_write]
        readable, writable, _ = select.select(self._all, writers, (), seconds)
        for connection in readable:
            self._receive(connection)
        for connection in writable:
            if connection.fileno() >= 0:
                self._write(connection)

    def open(self, now: int) -> None:
        """Those that are missing, if it is time."""
        while len(self._all) < self._size and now >= self._again:
            try:
                self._all.append(Connection(self._address.family, self._address.place))
            except (BrokenError, OSError) as error:
                self.complaint = str(error)
                self._again = now + PAUSE

    def give_up(self, before: int) -> None:
        """Connections whose request was due before: the request failed, and the answer may come in another's place."""
        for connection in [one for one in self._all if one.due is not None and one.due < before]:
            self.complaint = "no answer in time"
            self._drop(connection)
            self._outcome(connection.due or 0, False)

    def close(self) -> None:
        for connection in self._all:
            connection.close()
        self._all.clear()
        self._idle.clear()

    def _receive(self, connection: Connection) -> None:
        try:
            success = connection.received()
        except BrokenError as error:
            self._broke(connection, error)
            return
        if success is not None:
            due = connection.due
            connection.finished()
            self._idle.append(connection)
            assert due is not None  # an answer to nothing is refused by the connection
            self._outcome(due, success)

    def _write(self, connection: Connection) -> None:
        was_open = connection.is_open
        try:
            connection.written()
        except BrokenError as error:
            self._broke(connection, error)
            return
        if not was_open:
            self._idle.append(connection)

    def _broke(self, connection: Connection, error: BrokenError) -> None:
        due, is_repeated = connection.due, connection.may_be_repeated
        self._drop(connection)
        self.complaint = str(error)
        if connection.is_fresh:
            self._again = max(self._again, time.monotonic_ns() + PAUSE)
        if due is not None:
            self._outcome(due, None if is_repeated else False)

    def _drop(self, connection: Connection) -> None:
        connection.close()
        self._all.remove(connection)
        if connection in self._idle:
            self._idle.remove(connection)
