"""From the bytes of a pipe to lines, wherever the pipe cuts them.

A line ends with `\\n`, `\\r\\n` or a lone `\\r`, by which programs show their progress in one place.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

log = logging.getLogger("wca.wrapper")

LONGEST = 1 << 20
"""Bytes of a line; the rest of a longer one is left out."""

_END = re.compile(rb"\r\n|\n|\r")


class Lines:
    """Puts the lines of one stream together."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self._begun = bytearray()
        self._was_return = False
        """The last byte was `\\r`: a `\\n` that comes next belongs to it."""
        self._is_told = False

    def feed(self, chunk: bytes) -> Iterator[str]:
        """The lines that end in these bytes, without their ends. To be used up before the next call."""
        start = 0
        if self._was_return and chunk:
            start = chunk.startswith(b"\n")
            self._was_return = False
        for end in _END.finditer(chunk, start):
            self._add(chunk, start, end.start())
            yield self._taken()
            start = end.end()
        self._was_return = chunk.endswith(b"\r") or (self._was_return and not chunk)
        self._add(chunk, start, len(chunk))

    def end(self) -> Iterator[str]:
        """The last line, if it has no end."""
        if self._begun:
            yield self._taken()

    def _add(self, chunk: bytes, start: int, end: int) -> None:
        room = self._longest - len(self._begun)
        if end - start > room and not self._is_told:
            self._is_told = True
            log.warning("a line is longer than %d bytes: the rest of it, and of others, is left out", self._longest)
        self._begun += chunk[start : min(end, start + room)]

    def _taken(self) -> str:
        text = self._begun.decode(errors="replace")
        self._begun.clear()
        return text
