"""What a server refused, and what went wrong on the way to it, as errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import RemoteDisconnected
from traceback import format_exception
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from wca_core.errors import HttpStatusError, NetworkError
from wca_core.net.masking import LOOKED_AT, Secrets

if TYPE_CHECKING:
    import urllib3

TOLD = 200
"""Characters of an answer that stand in an error."""


@contextmanager
def translated(place: str, if_untrusted: str, secrets: Secrets) -> Iterator[None]:
    """Foreign errors as `NetworkError`; `if_untrusted` ends those of TLS. They may hold what the server said."""
    import urllib3

    try:
        yield
    except (urllib3.exceptions.HTTPError, OSError) as error:
        told, chain = secrets.masked(str(error)), "".join(format_exception(error))
        cause = error if secrets.masked(chain) == chain else None  # else a traceback would tell the secret
        raise NetworkError(f"{place}: {_trouble(error)}{told}{_advice(error, if_untrusted)}") from cause


def _trouble(error: Exception) -> str:
    from urllib3 import exceptions

    if isinstance(error, exceptions.SSLError):
        return "TLS: "
    if isinstance(error, exceptions.TimeoutError) and not isinstance(error, exceptions.NewConnectionError):
        return "no answer in time: "  # the other one is a kind of time-out by name only
    return ""


def _advice(error: Exception, if_untrusted: str) -> str:
    from urllib3.exceptions import SSLError

    return f". {if_untrusted}" if isinstance(error, SSLError) else ""


def hung_up(error: urllib3.exceptions.ProtocolError) -> bool:
    """Whether the server closed the connection without a word, as it does with one that was idle for long."""
    return any(isinstance(cause, RemoteDisconnected | ConnectionResetError | BrokenPipeError) for cause in error.args)


def refusal(place: str, answer: urllib3.BaseHTTPResponse, location: str, secrets: Secrets) -> HttpStatusError:
    """Of an answer that is none of 2xx; it is read no further."""
    with closing(answer):
        told = secrets.beginning(answer.read1(LOOKED_AT), TOLD)
    location = secrets.masked(location)
    to = f", sends to {_plain(location)}" if 300 <= answer.status < 400 and location else ""
    return HttpStatusError(
        f"{place}: HTTP {answer.status} {_plain(secrets.masked(answer.reason or ''))}{to}: {told!r}",
        status=answer.status,
        location=location,
        retry_after=_seconds(answer.headers.get("Retry-After")),
    )


def redirection(url: str, answer: urllib3.BaseHTTPResponse) -> str:
    """Where an answer from `url` sends to; empty if it does not tell."""
    location = answer.headers.get("Location", "")
    try:
        return urljoin(url, location) if location else ""
    except ValueError:
        return ""


def is_same_server(location: str, url: str) -> bool:
    """Whether two URLs are of one scheme, host and port."""
    try:
        one, other = urlsplit(location), urlsplit(url)
        return (one.scheme, one.hostname, one.port) == (other.scheme, other.hostname, other.port)
    except ValueError:
        return False


def _plain(text: str) -> str:
    """At most `TOLD` characters, none of which a terminal would obey."""
    return text[:TOLD] if text.isprintable() else repr(text[:TOLD])


def _seconds(text: str | None) -> float | None:
    """Of `Retry-After`; a date there is not obeyed."""
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
