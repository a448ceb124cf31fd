"""What servers were shown stays out of what is told about them: a server may say again whatever it was told.

| a secret in what comes from outside | is told as |
|---|---|
| as it was sent, or what Base64 hides in it, also quoted for a URL, JSON, HTML or Python | `***` |
| cut off at the end of what was read | `***` from `SHORTEST_START` characters on |
| shorter than `SHORTEST` | as it came: it would be found in everything |
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections import deque
from urllib.parse import quote, quote_plus

HIDDEN = "***"
SHORTEST = 3
SHORTEST_START = 4
KEPT = 4
"""Values of one header: a server may tell the one before, which may be valid still."""
AS_GO_DOES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&"}
"""In JSON: Kubernetes is written in Go."""
PERCENT = re.compile("%[0-9A-F]{2}")
LOOKED_AT = 1 << 17
"""Bytes of an answer: twice the longest secret, so that one which begins in what is told is seen whole."""


class Secrets:
    """Those that one client showed last."""

    def __init__(self) -> None:
        self._shown: dict[str, deque[str]] = {}
        self._spellings: list[str] = []

    def note(self, header: str, value: str) -> None:
        """A header as it is sent: `Bearer TOKEN` or `Basic BASE64`."""
        values = self._shown.setdefault(header, deque(maxlen=KEPT))
        if value not in values:
            values.append(value)
            secrets = [secret for shown in self._shown.values() for one in shown for secret in _secrets_in(one)]
            found = {spelling for secret in secrets for spelling in _spelt(secret) if len(spelling) >= SHORTEST}
            self._spellings = sorted(found, key=len, reverse=True)

    def masked(self, text: str) -> str:
        """What somebody else said, without them."""
        for spelling in self._spellings:
            text = text.replace(spelling, HIDDEN)
        starts = [length for spelling in self._spellings if (length := _start_at_end(text, spelling))]
        return text[: -max(starts)] + HIDDEN if starts else text

    def beginning(self, content: bytes, most: int) -> str:
        """At most so many characters of an answer. It is masked first and cut then."""
        return self.masked(content[:LOOKED_AT].decode(errors="replace").strip())[:most]


def _secrets_in(header: str) -> list[str]:
    """Padding may be left out by who tells it."""
    _, _, shown = header.partition(" ")
    try:
        inner = base64.b64decode(shown, validate=True).decode()
    except ValueError:
        inner = ""
    return [shown.rstrip("=") or shown, inner.partition(":")[2]]


def _spelt(secret: str) -> list[str]:
    """As programs write a text into another one."""
    in_python = [repr(secret)[1:-1], repr(secret.encode())[2:-1], repr(f"'\"{secret}")[4:-1]]
    in_json = [json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]]
    in_json += [one.translate(AS_GO_DOES) for one in in_json]
    in_urls = [quote(secret), quote(secret, safe=""), quote_plus(secret)]
    in_urls += [PERCENT.sub(lambda found: found[0].lower(), one) for one in in_urls]
    in_html = [html.escape(secret), html.escape(secret, quote=False), html.escape(secret).replace("&#x27;", "&#39;")]
    return [secret, *in_python, *in_json, *in_urls, *in_html]


def _start_at_end(text: str, secret: str) -> int:
    """How many characters at the end of a text are the start of a secret."""
    lengths = range(min(len(secret) - 1, len(text)), SHORTEST_START - 1, -1)
    return next((length for length in lengths if text.endswith(secret[:length])), 0)
