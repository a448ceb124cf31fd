"""What a protocol knows: the bytes of a request, and where an answer ends."""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol

MOST = 64 << 20
"""Bytes of an answer; a longer one is not read on."""

Steps = Generator[int | bytes, bytes, bool]
"""Reads one answer: yields how many bytes it needs or how they end, is sent them; returns whether the server did it."""


class AnswerError(Exception):
    """What came is no answer of this protocol; nothing that follows on this connection can be understood."""


class Dialogue(Protocol):
    """One kind of server."""

    @property
    def can_write(self) -> bool:
        """Whether there are requests that write."""

    def read(self, key: int) -> bytes:
        """A request for the value of a key."""

    def write(self, key: int, value: bytes) -> bytes:
        """A request that sets a value."""

    def answer(self) -> Steps:
        """How to read the next answer; raises `AnswerError`."""


class Answer:
    """One answer, of which the bytes come in pieces."""

    __slots__ = ("_buffer", "_need", "_steps")

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._buffer = bytearray()
        self._need = next(steps)

    def feed(self, data: bytes) -> bool | None:
        """Whether the server did what was asked, once the answer is whole; None before. Raises `AnswerError`."""
        self._buffer += data
        if len(self._buffer) > MOST:
            raise AnswerError(f"an answer longer than {MOST} bytes")
        try:
            while (end := self._end()) >= 0:
                taken = bytes(self._buffer[:end])
                del self._buffer[:end]
                self._need = self._steps.send(taken)
        except StopIteration as stop:
            if self._buffer:
                raise AnswerError(f"more than an answer: {bytes(self._buffer[:40])!r}") from None
            return bool(stop.value)
        return None

    def _end(self) -> int:
        """Where what is needed ends; -1 if it is not there yet."""
        if isinstance(self._need, int):
            return self._need if len(self._buffer) >= self._need else -1
        found = self._buffer.find(self._need)
        return found if found < 0 else found + len(self._need)


def length(digits: bytes) -> int:
    """A number of bytes that a server announces. Raises `AnswerError`."""
    if not digits.isdigit() or len(digits) > 9 or int(digits) > MOST:
        raise AnswerError(f"a number of bytes up to {MOST} expected, got {digits[:40]!r}")
    return int(digits)
