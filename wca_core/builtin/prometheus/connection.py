"""The connection to one client, who may send and read whatever it likes, as slowly as it likes.

| a client | is met by |
|---|---|
| sends no request, or slowly | the end of the connection after `Limits.idle_seconds` or `head_seconds` |
| reads its answer slowly | the end after `send_seconds` |
| sends what is no request, or too long a one | an answer that says so, and the end |
"""

from __future__ import annotations

import logging
import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

from wca_core.builtin.prometheus.answer import Answer
from wca_core.builtin.prometheus.request import LONGEST_HEAD, Request, RequestError, parse_head

if TYPE_CHECKING:
    import ssl

log = logging.getLogger("wca.prometheus")

Respond: TypeAlias = Callable[[Request], Answer]
Secure: TypeAlias = "Callable[[socket.socket], ssl.SSLSocket]"

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Limits:
    """What is given to clients."""

    connections: int = 32
    """At a time."""
    idle_seconds: float = 120.0
    """For the next request to begin; Prometheus keeps its connection from scrape to scrape."""
    head_seconds: float = 10.0
    """For the whole head of a request to come, once it began, and for a connection to be made secure."""
    send_seconds: float = 30.0
    """For the whole answer to be taken."""
    linger_seconds: float = 1.0
    """For a client to see why it was refused, though it still sends."""


class Connection:
    """One client."""

    def __init__(self, client: socket.socket, limits: Limits) -> None:
        self.since = time.monotonic()
        """When it came, or its last request did."""
        self.is_ended = False
        self._socket = client
        self._limits = limits
        self._received = b""

    def serve(self, respond: Respond, secure: Secure | None = None) -> None:
        """Answer one request after another until either side has enough. Raises `OSError` where the network does."""
        if secure is not None:
            self._make_secure(secure)
        while (head := self._next_head()) is not None:
            self.since = time.monotonic()
            if not self._answer(head, respond):
                self._linger()
                return

    def end(self) -> None:
        """Let whoever waits in `serve` go on at once, to find that there is nobody; from any thread."""
        self.is_ended = True
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # that of TLS would go on without encryption

    def close(self) -> None:
        self._socket.close()

    def _make_secure(self, secure: Secure) -> None:
        self._socket.settimeout(self._limits.head_seconds)
        secured = secure(self._socket)
        self._socket = secured
        if self.is_ended:
            self.end()
        secured.do_handshake()

    def _answer(self, head: bytes, respond: Respond) -> bool:
        """Whether the client may go on."""
        try:
            if len(head) > LONGEST_HEAD:
                raise RequestError(
                    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"a head of at most {LONGEST_HEAD} bytes expected"
                )
            request = parse_head(head)
        except RequestError as error:
            self._send(Answer.plain(error.status, str(error)).written(with_body=True, keeps_alive=False))
            return False
        answer = _answer_of(respond, request)
        log.debug("%s %s: %d", request.method, request.path, answer.status.value)
        keeps_alive = request.keeps_alive and not self.is_ended
        self._send(answer.written(with_body=request.method != "HEAD", keeps_alive=keeps_alive))
        return keeps_alive

    def _next_head(self) -> bytes | None:
        """The next head, or as much of it as is too long; None if the client sends none, or none in time."""
        deadline = time.monotonic() + self._limits.idle_seconds
        has_begun = False
        while True:
            self._received = self._received.lstrip(b"\r\n")  # empty lines before a request do not count
            if self._received and not has_begun:
                has_begun, deadline = True, time.monotonic() + self._limits.head_seconds
            found = _END_OF_HEAD.search(self._received, 0, LONGEST_HEAD + 4)
            if found is not None:
                head, self._received = self._received[: found.start()], self._received[found.end() :]
                return head
            if len(self._received) > LONGEST_HEAD:
                return self._received
            chunk = self._receive(deadline)
            if not chunk:
                return None
            self._received += chunk

    def _receive(self, deadline: float) -> bytes:
        """Some bytes; none at the end of the connection or of the time."""
        patience = deadline - time.monotonic()
        if patience <= 0:
            return b""
        self._socket.settimeout(patience)
        try:
            return self._socket.recv(8192)
        except TimeoutError:
            return b""

    def _send(self, data: bytes) -> None:
        """Raises `OSError`, also if the client does not take everything in time."""
        deadline = time.monotonic() + self._limits.send_seconds
        rest = memoryview(data)
        while rest:
            patience = deadline - time.monotonic()
            if patience <= 0:
                raise TimeoutError(f"{len(rest)} of {len(data)} bytes were not taken in time")
            self._socket.settimeout(patience)
            rest = rest[self._socket.send(rest[:65536]) :]

    def _linger(self) -> None:
        """Take what the client still sends: a connection closed over it would be reset, and the answer lost."""
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_WR)
            deadline = time.monotonic() + self._limits.linger_seconds
            while self._receive(deadline):
                pass


def _answer_of(respond: Respond, request: Request) -> Answer:
    """What it answers; if it raises, that is told and costs this answer only."""
    try:
        return respond(request)
    except Exception as error:
        log.exception("%s cannot be answered", request.path)
        sentence = f"this cannot be answered: {type(error).__name__}; the agent's log tells more"
        return Answer.plain(HTTPStatus.INTERNAL_SERVER_ERROR, sentence)
