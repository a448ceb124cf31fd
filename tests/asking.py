"""A client of HTTP for tests: one request, and all of its answer."""

from __future__ import annotations

import gzip
import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body, decompressed if the headers say that it is compressed."""
        is_compressed = self.headers.get("Content-Encoding") == "gzip"
        return (gzip.decompress(self.body) if is_compressed else self.body).decode()


def asked(
    url: str, path: str = "/", *, method: str = "GET", tls: ssl.SSLContext | None = None, **headers: str
) -> Reply:
    """The reply to one request; headers with `_` for `-`: `Accept_Encoding="gzip"`."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=30, context=tls)
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        return reply_of(connection, path, method, {name.replace("_", "-"): text for name, text in headers.items()})
    finally:
        connection.close()


def reply_of(
    connection: http.client.HTTPConnection, path: str, method: str = "GET", headers: Mapping[str, str] | None = None
) -> Reply:
    """As `asked`, over a connection that stays open."""
    connection.request(method, path, headers=headers or {})
    response = connection.getresponse()
    return Reply(response.status, dict(response.getheaders()), response.read())
