"""Whom the requests go to: `redis://HOST:PORT`, `memcached://HOST:PORT`, `http://HOST:PORT/PATH`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from wca_core.config.masking import without_login
from wca_core.errors import ConfigurationError

PORTS = {"redis": 6379, "memcached": 11211, "http": 80}


@dataclass(frozen=True, slots=True)
class Target:
    """A server and, for HTTP, a page."""

    scheme: str
    host: str
    port: int
    path: str = "/"

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_target(text: str) -> Target:
    """Raises `ConfigurationError`."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"target {without_login(text)!r}: {error}") from None
    if parts.scheme not in PORTS or not parts.hostname or parts.username is not None:
        raise ConfigurationError(
            f"target {without_login(text)!r}: SCHEME://HOST:PORT expected; schemes: {', '.join(PORTS)}"
        )
    page = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    if not page.isascii() or not page.isprintable() or " " in page:
        raise ConfigurationError(f"target {without_login(text)!r}: a path without blanks, percent-encoded, expected")
    return Target(parts.scheme, parts.hostname, port or PORTS[parts.scheme], page)
