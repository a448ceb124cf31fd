"""Servers that answer as they are told: what a real one does only on a bad day."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answering = Callable[[socket.socket, int], bool]
"""Given a connection with a request on it, and how many came before on it: whether the connection goes on."""


@contextmanager
def serving(answering: Answering) -> Iterator[int]:
    """The port of a server with a thread for each connection. A request is what comes at once."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    connections: list[socket.socket] = []

    def converse(connection: socket.socket) -> None:
        with connection:
            number = 0
            try:
                while connection.recv(65536) and answering(connection, number):
                    number += 1
            except OSError:  # the other side, or the end of the test, was faster
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            threading.Thread(target=converse, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        _end(listener)
        thread.join()  # a connection that it was just taking is among the others then
        for connection in connections:
            _end(connection)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


def promptly(connection: socket.socket, number: int) -> bool:
    connection.sendall(b"+OK\r\n")
    return True


def refusing(connection: socket.socket, number: int) -> bool:
    connection.sendall(b"-ERR no\r\n")
    return True


def silent(connection: socket.socket, number: int) -> bool:
    return True


def hanging_up_after(most: int) -> Answering:
    """As servers do that let a connection have only so many requests, and do not say so."""

    def answer(connection: socket.socket, number: int) -> bool:
        connection.sendall(b"+OK\r\n")
        return number < most - 1

    return answer


def stalling(after: int, seconds: float) -> Answering:
    """All connections wait, once, when so many requests have come in all."""
    lock = threading.Lock()
    come = 0

    def answer(connection: socket.socket, number: int) -> bool:
        nonlocal come
        with lock:
            come += 1
            if come == after:
                time.sleep(seconds)
        return promptly(connection, number)

    return answer
