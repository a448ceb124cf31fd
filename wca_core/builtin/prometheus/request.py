"""The head of an HTTP request, out of bytes that anybody may have sent (RFC 9110, RFC 9112).

Only what a server of GET and HEAD needs: bodies are not read, so a request with one is the last of its connection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from wca_core.errors import WcaError

LONGEST_HEAD = 16384
"""Bytes of a request line with all headers."""

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(rf"({_TOKEN}) ([!-~]+) HTTP/([0-9])\.([0-9])")
_HEADER = re.compile(rf"({_TOKEN}):([^\r\0]*)")
_TARGET = re.compile(r"(?:(?:https?://[^/?#]+)?(/[^?#]*)|https?://[^/?#]+|(\*))(?:[?#].*)?", re.IGNORECASE)
_ABBREVIATED = 60
"""Characters of what was sent that are told back."""


class RequestError(WcaError):
    """The bytes are no request that can be answered; the connection ends with this answer."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asks for."""

    method: str
    path: str
    """As it was sent, without the query."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By name in lower case; of several with one name all values, with commas."""
    keeps_alive: bool = False
    """Whether the client may send another request over this connection."""


def parse_head(head: bytes) -> Request:
    """The request of a head, without the empty line at its end. Raises `RequestError`."""
    first, *rest = re.split(r"\r?\n", head.decode("latin-1"))
    found = _REQUEST_LINE.fullmatch(first)
    if found is None:
        raise _bad(f"a request line like 'GET /metrics HTTP/1.1' expected, found {first[:_ABBREVIATED]!r}")
    method, target, major, minor = found.groups()
    if major != "1":
        raise RequestError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, f"HTTP/1.1 expected, found HTTP/{major}.{minor}")
    headers = _headers(rest)
    is_old = minor == "0"
    if "host" not in headers and not is_old:
        raise _bad("a header Host expected in a request of HTTP/1.1")
    return Request(method=method, path=_path(target), headers=headers, keeps_alive=not is_old and not _is_last(headers))


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        found = _HEADER.fullmatch(line)
        if found is None:
            raise _bad(f"a header like 'Name: value' expected, found {line[:_ABBREVIATED]!r}")
        name, value = found[1].lower(), found[2].strip(" \t")
        if name == "host" and name in headers:
            raise _bad("one header Host expected, found several")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _path(target: str) -> str:
    found = _TARGET.fullmatch(target)
    if found is None:
        raise _bad(f"a target like '/metrics' expected, found {target[:_ABBREVIATED]!r}")
    return found[1] or found[2] or "/"


def _is_last(headers: Mapping[str, str]) -> bool:
    has_body = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
    return has_body or "close" in headers.get("connection", "").lower()


def _bad(message: str) -> RequestError:
    return RequestError(HTTPStatus.BAD_REQUEST, message)
