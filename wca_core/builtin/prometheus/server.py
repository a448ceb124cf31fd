"""Takes clients in, a thread for each, as many at a time as is good.

A thread waits in the kernel while its client does nothing. The thread of the agent has no part in any of this.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from contextlib import suppress

from wca_core.builtin.prometheus.connection import Connection, Limits, Respond, Secure

log = logging.getLogger("wca.prometheus")


class Server:
    """Takes connections until it is stopped."""

    def __init__(
        self, listening: socket.socket, respond: Respond, secure: Secure | None = None, limits: Limits | None = None
    ) -> None:
        self._listening = listening
        self._respond = respond
        self._secure = secure
        self._limits = limits or Limits()
        self._threads: dict[Connection, threading.Thread] = {}
        self._changing = threading.Lock()
        self._stopping = threading.Event()
        self._accepting = threading.Thread(target=self._accept, name="prometheus", daemon=True)
        self._accepting.start()

    def stop(self, patience: float = 5.0) -> None:
        """End all connections and free the port; threads that do not end in this time [seconds] are left behind."""
        deadline = time.monotonic() + patience
        self._stopping.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept
        self._accepting.join(patience)
        self._listening.close()
        with self._changing:
            threads = list(self._threads.values())
            for connection in self._threads:
                connection.end()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _accept(self) -> None:
        is_told = False
        while not self._stopping.is_set():
            try:
                client, _ = self._listening.accept()
            except OSError as error:
                if not self._stopping.wait(0.2) and not is_told:
                    log.warning("clients are kept waiting: %s", error)  # as a rule out of open files
                    is_told = True
                continue
            is_told = False
            self._take(client)

    def _take(self, client: socket.socket) -> None:
        connection = Connection(client, self._limits)
        thread = threading.Thread(target=self._serve, args=[connection], name="prometheus-client", daemon=True)
        with self._changing:
            self._make_room()
            self._threads[connection] = thread
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread.start()
        except (OSError, RuntimeError) as error:  # the client has gone; no thread can be had
            log.warning("a client is turned away: %s", error)
            self._forget(connection)

    def _make_room(self) -> None:
        """If there are too many, end the connection whose last request came longest ago."""
        open_ones = [one for one in self._threads if not one.is_ended]
        if len(open_ones) >= self._limits.connections:
            min(open_ones, key=lambda one: one.since).end()

    def _serve(self, connection: Connection) -> None:
        try:
            connection.serve(self._respond, self._secure)
        except OSError as error:
            log.debug("a client is gone: %s", error)
        except Exception:
            log.exception("a client cannot be served")
        finally:
            self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        with self._changing:  # so that nobody ends what is closed: its number may be that of another file by then
            self._threads.pop(connection, None)
            connection.close()
