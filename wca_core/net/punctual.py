"""Connections of urllib3 on which no step of reading an answer takes longer than one read may.

A time-out of a socket starts anew with each byte. A server that sends its headers, or the lines between the chunks of
its answer, byte by byte, would be waited for as long as it likes.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class _Reader(io.RawIOBase):
    """What comes from a socket, for as long as its time-out was when this was made, or since `restart`."""

    def __init__(self, source: io.RawIOBase, sock: socket.socket) -> None:
        super().__init__()
        self._source = source
        self._socket = sock
        self._patience = sock.gettimeout()
        self.restart()

    def restart(self) -> None:
        self._end = None if self._patience is None else time.monotonic() + self._patience

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        if self._end is not None:
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError("it comes in drops")
            self._socket.settimeout(left)
        return self._source.readinto(buffer)

    def close(self) -> None:
        self._source.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """Its status and headers are one step; so is each piece of its content.

    Headers that are none are left out: urllib3 would log them word by word, and they may be those of our question.
    """

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self._reader = _Reader(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        super().begin()
        self.msg.defects.clear()
        self.msg.set_payload("")

    def read1(self, n: int = -1) -> bytes:
        self._reader.restart()
        return super().read1(n)


class Connection(HTTPConnection):
    """Its name, and those below, stand in errors of urllib3."""

    response_class = _Response


class SecureConnection(HTTPSConnection):
    response_class = _Response


class Server(urllib3.HTTPConnectionPool):
    ConnectionCls = Connection


class SecureServer(urllib3.HTTPSConnectionPool):
    ConnectionCls = SecureConnection


def punctual(manager: urllib3.PoolManager) -> urllib3.PoolManager:
    """The same one, whose connections are from now on of this kind."""
    manager.pool_classes_by_scheme = {"http": Server, "https": SecureServer}
    return manager
