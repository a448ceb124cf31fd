"""What a request is answered with, and how that is written."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

PLAIN = "text/plain; charset=utf-8"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its whole body."""

    status: HTTPStatus
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def plain(cls, status: HTTPStatus, sentence: str, headers: Mapping[str, str] | None = None) -> Answer:
        """A line of text."""
        return cls(status, PLAIN, f"{sentence}\n".encode(errors="replace"), headers or {})

    def written(self, *, with_body: bool, keeps_alive: bool) -> bytes:
        """As it goes over the wire (HTTP/1.1). Nothing of it is to be kept by caches: it is the state of now."""
        headers = {
            "Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()),
            "Server": "wca",
            "Content-Type": self.content_type,
            "Content-Length": str(len(self.body)),
            "Connection": "keep-alive" if keeps_alive else "close",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **self.headers,
        }
        lines = [
            f"HTTP/1.1 {self.status.value} {self.status.phrase}",
            *(f"{name}: {headers[name]}" for name in headers),
        ]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        return head + self.body if with_body else head
