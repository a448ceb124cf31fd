"""Prometheus text and OpenMetrics in pieces: cut between lines only, and each piece can be read on its own.

A family that is cut has its `# HELP` and `# TYPE` lines again at the head of the next piece. A line
longer than the limit becomes a piece by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wca_kafka.messages import Chunk


@dataclass(frozen=True, slots=True)
class Family:
    """The comment lines of one metric, and where in a text its samples are: they are copied once, into a message."""

    header: bytes
    text: bytes
    start: int
    end: int

    @property
    def name(self) -> str:
        """As the comments have it: the third word of the first of them."""
        return self.header.split(b" ", 3)[2].split(b"\n", 1)[0].decode()


def families(text: bytes) -> Iterator[Family]:
    """The families of a text, without the empty lines between them.

    A newline within a label or help is written otherwise, so `\\n# ` stands between families only.
    """
    start = 0
    while start < len(text):
        if text.startswith(b"\n", start):
            start += 1
            continue
        body = start
        while text.startswith(b"# ", body):
            body = text.index(b"\n", body) + 1
        end = _next_comment(text, body)
        has_gap = text.endswith(b"\n\n", body, end)
        yield Family(text[start:body], text, body, end - has_gap)
        start = end


def _next_comment(text: bytes, start: int) -> int:
    """Where the next line of comment begins, or the end: one byte is looked for many times faster than three."""
    found = text.find(b"#", start)
    while found > 0 and not text.startswith(b"\n# ", found - 1):
        found = text.find(b"#", found + 1)
    return len(text) if found < 0 else found


def split(parts: Iterable[Family], limit: int, ending: bytes = b"") -> Iterator[Chunk]:
    """As few pieces of at most `limit` bytes as hold all lines in their order; `ending` stands behind each."""
    piece = _Piece(limit, ending)
    for family in parts:
        start = family.start
        while start < family.end:
            start = piece.take(family, start)
            if start < family.end:
                yield piece.finished()
    if piece.samples:
        yield piece.finished()


class _Piece:
    """A piece in the making."""

    def __init__(self, limit: int, ending: bytes) -> None:
        self._limit = limit
        self._ending = ending
        self._begin()

    def _begin(self) -> None:
        self._texts: list[bytes | memoryview] = []
        self._size = len(self._ending)
        self.samples = 0

    def take(self, family: Family, start: int) -> int:
        """Take as many lines of a family as fit, from `start` on; where the rest starts."""
        room = max(0, self._limit - self._size - len(family.header))
        text, end = family.text, family.end
        if end - start > room:
            end = text.rfind(b"\n", start, start + room) + 1
        if end <= start:
            if self.samples:
                return start
            end = text.index(b"\n", start) + 1
        self._texts += (family.header, memoryview(text)[start:end])
        self._size += len(family.header) + end - start
        self.samples += text.count(b"\n", start, end)
        return end

    def finished(self) -> Chunk:
        chunk = Chunk([*self._texts, self._ending], self.samples, self._size)
        self._begin()
        return chunk
