"""A database in etcd, asked through its JSON gateway.

https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/ : keys and values travel in base64; a value that is empty, and a
list without entries, are left out of answers.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

from wca_compat.databases.contract import Database, TimeoutOnAllHosts, checked_key, checked_value
from wca_compat.databases.fields import LONGEST_WAIT, HttpHost, Timeout, check_hosts, check_library
from wca_core.config.field_types import Str
from wca_core.errors import HttpStatusError, NetworkError
from wca_core.tls import SSL

T = TypeVar("T")

DEFAULT_PORT = 2379
SERVER_FAULTS = 500


@dataclass(eq=False)
class EtcdDatabase(Database):
    """Keeps values in etcd 3.

    | a server | then |
    |---|---|
    | answers | that is the answer |
    | refuses (HTTP 4xx) | `HttpStatusError`: the others would too |
    | has trouble of its own (HTTP 5xx), does not answer, or not as etcd does | the next one is asked |

    Raises `TimeoutOnAllHosts` if there is no next one.
    """

    hosts: list[HttpHost]
    """`HOST:PORT` or `https://HOST:PORT`, asked in this order each time; https with `ssl`, else http."""
    timeout: Timeout | None = 5.0
    """Seconds for connecting and for each read, at every server; null: 60."""
    api_path: Str | None = "/v3"
    """Since etcd 3.4; `/v3beta` for 3.3, `/v3alpha` for 3.2."""
    ssl: SSL | None = None

    def __post_init__(self) -> None:
        check_hosts(self.hosts)
        check_library("urllib3", "EtcdDatabase", "etcd")

    def set(self, key: bytes, value: bytes) -> None:
        given = {"key": _encoded(checked_key(key)), "value": _encoded(checked_value(value, key))}
        self._first("/kv/put", given, lambda _: None)

    def get(self, key: bytes) -> bytes | None:
        return self._first("/kv/range", {"key": _encoded(checked_key(key))}, _value)

    def _first(self, path: str, question: Mapping[str, str], meaning: Callable[[Mapping[str, object]], T]) -> T:
        """What the first server means that has an answer."""
        failures = []
        for host in self.hosts:
            try:
                return meaning(self._answer(self._url(host), path, question))
            except HttpStatusError as error:
                if error.status < SERVER_FAULTS:
                    raise self._explained(error) from error
                failures.append(str(error))
            except NetworkError as error:
                failures.append(str(error))
        raise TimeoutOnAllHosts(f"etcd: none of {len(failures)} servers answered: {'; '.join(failures)}")

    def _answer(self, url: str, path: str, question: Mapping[str, str]) -> Mapping[str, object]:
        from wca_core.net import HttpClient  # its library costs import time

        with closing(HttpClient(url, timeout=self.timeout or LONGEST_WAIT, tls=self.ssl)) as client:
            answer = client.post(self._path + path, question)
        if not isinstance(answer, dict) or "header" not in answer:
            raise NetworkError(f"{url}{self._path}{path}: an answer of etcd expected, found {answer!r:.80}")
        return answer

    def _url(self, host: str) -> str:
        scheme, separator, rest = host.rpartition("://")
        has_port = ":" in rest.rpartition("]")[2]
        port = "" if has_port else f":{DEFAULT_PORT}"
        return f"{scheme if separator else 'https' if self.ssl else 'http'}://{rest.rstrip('/')}{port}"

    @property
    def _path(self) -> str:
        return "/" + (self.api_path or "/v3").strip("/")

    def _explained(self, error: HttpStatusError) -> HttpStatusError:
        if error.status != 404:
            return error
        hint = "api_path: /v3 since etcd 3.4, /v3beta for 3.3, /v3alpha for 3.2"
        return HttpStatusError(f"{error} ({hint})", status=error.status, location=error.location)


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _value(answer: Mapping[str, object]) -> bytes | None:
    """Of the only entry of an answer; None if it has none. Raises `NetworkError` for what is no answer of etcd."""
    entries = answer.get("kvs", [])
    if entries == []:
        return None
    try:
        (entry,) = list(entries)  # type: ignore[call-overload]
        return base64.b64decode(entry.get("value", ""), validate=True)
    except (ValueError, TypeError, AttributeError) as error:
        raise NetworkError(f"etcd: one entry with a value in base64 expected, found {entries!r:.80}") from error
