"""One connection to the server, never waiting: it connects, sends and reads what it can now.

One request at a time. What becomes of a request is told to who owns it; a connection that broke is closed, and tried
again by its owner.
"""

from __future__ import annotations

import errno
import os
import socket

from wca_wrapper.load.protocols.contract import Answer, AnswerError, Steps

PIECE = 256 << 10


class BrokenError(Exception):
    """This connection cannot be used any more; the text says why."""


class Connection:
    """A socket and the answer it waits for. Raises `BrokenError` everywhere."""

    __slots__ = ("_answer", "_is_open", "_outgoing", "due", "is_fresh", "socket", "was_answered")

    def __init__(self, family: int, address: tuple[object, ...]) -> None:
        self.socket = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due: int | None = None
        """When the request on it was due [ns]; None if there is none."""
        self.is_fresh = True
        """Whether no request on it was ever finished."""
        self.was_answered = False
        """Whether anything came of the answer it waits for."""
        self._outgoing = b""
        self._answer: Answer | None = None
        self._is_open = False
        code = self.socket.connect_ex(address)
        if code not in (0, errno.EINPROGRESS):
            self.socket.close()
            raise BrokenError(os.strerror(code))

    def fileno(self) -> int:
        return self.socket.fileno()

    @property
    def is_open(self) -> bool:
        return self._is_open

    @property
    def may_be_repeated(self) -> bool:
        """Whether its request was likely never read: servers hang up on kept connections just when they are used again.

        Then a client asks again on another connection (RFC 9110, 9.2.2), and so do we; the time goes on.
        """
        return self.due is not None and not self.is_fresh and not self.was_answered

    @property
    def wants_to_write(self) -> bool:
        """Whether it connects, or has more to send than fits now."""
        return not self._is_open or bool(self._outgoing)

    def send(self, due: int, request: bytes, steps: Steps) -> None:
        """A request on an open connection that has none."""
        self.due = due
        self._answer = Answer(steps)
        self._outgoing = request
        self._push()

    def written(self) -> None:
        """What follows when it can be written to."""
        if not self._is_open:
            code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise BrokenError(os.strerror(code))
            self._is_open = True
        if self._outgoing:
            self._push()

    def received(self) -> bool | None:
        """What follows when it can be read: None if there is more to come, else whether the request succeeded."""
        try:
            data = self.socket.recv(PIECE)
        except BlockingIOError:
            return None
        except OSError as error:
            raise BrokenError(str(error.strerror)) from error
        if not data:
            raise BrokenError("the server hung up")
        if self._answer is None:
            raise BrokenError("the server said something unasked")
        self.was_answered = True
        try:
            return self._answer.feed(data)
        except AnswerError as error:
            raise BrokenError(str(error)) from error

    def finished(self) -> None:
        """Its request is done; it can take another one."""
        self.due = None
        self._answer = None
        self.is_fresh = self.was_answered = False

    def close(self) -> None:
        self.socket.close()

    def _push(self) -> None:
        try:
            sent = self.socket.send(self._outgoing)
        except BlockingIOError:
            return
        except OSError as error:
            raise BrokenError(str(error.strerror)) from error
        self._outgoing = self._outgoing[sent:]
