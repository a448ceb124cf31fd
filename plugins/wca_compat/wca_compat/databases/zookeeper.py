"""A database in ZooKeeper: a node for each key, below one for all of them.

https://zookeeper.apache.org/doc/r3.8.4/zookeeperProgrammers.html : no node is named `.` or `..`, and one holds at most
1 MiB unless the servers were told otherwise.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wca_compat.databases.contract import Database, TimeoutOnAllHosts, checked_value, name_of
from wca_compat.databases.fields import Host, Timeout, check_hosts, check_library
from wca_core.config.field_types import Str
from wca_core.errors import ConfigurationError, NetworkError
from wca_core.tls import SSL

if TYPE_CHECKING:
    from kazoo.client import KazooClient

LARGEST = 1 << 20
"""Bytes of a value that servers take unless they were told otherwise; at more they hang up."""


@dataclass(eq=False)
class ZookeeperDatabase(Database):
    """Keeps values in ZooKeeper. Connects for each question anew: models are read and written now and then.

    Raises `TimeoutOnAllHosts` if none of the servers answers, `NetworkError` if they refuse.
    """

    hosts: list[Host]
    """`HOST:PORT`, tried in this order."""
    namespace: Str
    """The node below which the keys are; made when the first value is kept."""
    timeout: Timeout = 5.0
    """Seconds that each server has to answer."""
    ssl: SSL | None = None

    def __post_init__(self) -> None:
        check_hosts(self.hosts)
        if not all(part.strip(".") for part in self._parts):
            raise ConfigurationError(f"namespace: {self.namespace!r}: a name, or names with '/' between, expected")
        check_library("kazoo", "ZookeeperDatabase", "zookeeper")

    def set(self, key: bytes, value: bytes) -> None:
        path, content = self._path(key), checked_value(value, key)
        size = f"; the value has {len(content)} bytes, servers take 1 MiB unless told otherwise"
        with self._connected(size if len(content) > LARGEST else "") as client:
            client.retry(_keep, client, path, content)

    def get(self, key: bytes) -> bytes | None:
        from kazoo.exceptions import NoNodeError

        path = self._path(key)
        with self._connected() as client:
            try:
                content: bytes = client.retry(client.get, path)[0]
            except NoNodeError:
                return None
        return content

    def _path(self, key: bytes) -> str:
        return "/" + "/".join([*self._parts, name_of(key)])

    @property
    def _parts(self) -> list[str]:
        return self.namespace.strip("/").split("/")

    @contextmanager
    def _connected(self, hint: str = "") -> Iterator[KazooClient]:
        """`hint` ends the error if nobody answers."""
        from kazoo.exceptions import KazooException
        from kazoo.handlers.threading import KazooTimeoutError
        from kazoo.retry import RetryFailedError

        last = _LastWord()
        client = self._client(last.logger)
        try:
            client.start(timeout=self._patience)
            yield client
        except (KazooTimeoutError, RetryFailedError) as error:
            waited = f"{self._place}: no server answered in {self._patience:g} s"
            raise TimeoutOnAllHosts(f"{waited}: {last.word}{hint}") from error
        except (KazooException, OSError) as error:
            raise NetworkError(f"{self._place}: {type(error).__name__} {error}".rstrip()) from error
        finally:
            client.stop()
            client.close()

    def _client(self, logger: logging.Logger) -> KazooClient:
        from kazoo.client import KazooClient
        from kazoo.retry import KazooRetry

        patience = KazooRetry(max_tries=-1, max_delay=1.0, deadline=self._patience)
        return KazooClient(
            hosts=",".join(self.hosts),
            timeout=self.timeout,
            randomize_hosts=False,
            use_ssl=self.ssl is not None,
            handler=_handler(self.ssl),
            connection_retry=patience,
            command_retry=patience.copy(),
            logger=logger,
        )

    @property
    def _patience(self) -> float:
        """Until the last server had its time."""
        return self.timeout * len(self.hosts) + 1.0

    @property
    def _place(self) -> str:
        return f"zookeeper {','.join(self.hosts)}"


class _LastWord(logging.Handler):
    """Of kazoo, which logs each attempt instead of saying at the end why it gave up."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.word = "no connection"
        self.logger = logging.Logger("kazoo", logging.WARNING)  # of this call only
        self.logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if "error" in text or "broken" in text:
            self.word = text


def _keep(client: KazooClient, path: str, content: bytes) -> None:
    """Somebody else may make the node meanwhile: the last one who writes counts."""
    from kazoo.exceptions import NodeExistsError, NoNodeError

    try:
        client.set(path, content)
        return
    except NoNodeError:
        client.ensure_path(path.rpartition("/")[0])
    try:
        client.create(path, content)
    except NodeExistsError:
        client.set(path, content)


def _handler(tls: SSL | None) -> object:
    """Connects by our own rules of TLS: kazoo's take the name in a certificate for nothing. None: as kazoo does."""
    if tls is None:
        return None
    from kazoo.handlers.threading import SequentialThreadingHandler

    context = tls.context()

    class Handler(SequentialThreadingHandler):  # type: ignore[misc]
        def create_connection(
            self, address: tuple[str, int], hostname: str | None = None, timeout: float | None = None, **_: Any
        ) -> socket.socket:
            plain = socket.create_connection(address, timeout)
            try:
                return context.wrap_socket(plain, server_hostname=hostname or address[0])
            except BaseException:
                plain.close()
                raise

    return Handler()
