"""Lines of an answer that comes in pieces: each byte is copied once, however long the line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class LongLineError(Exception):
    """A line is longer than any may be."""


def lines_of(pieces: Iterable[bytes], largest: int) -> Iterator[bytes]:
    """The lines that are not empty, without their ends, as soon as they are whole; the last one may have no end.

    Raises `LongLineError` behind those before it, as soon as more than `largest` bytes of a line have come.
    """
    line = bytearray()
    for piece in pieces:
        *ends, start = piece.split(b"\n")
        for end in ends:
            if whole := _continued(line, end, largest):
                yield bytes(whole)
            line.clear()
        _continued(line, start, largest)
    if line:
        yield bytes(line)


def _continued(line: bytearray, more: bytes, largest: int) -> bytearray:
    if len(line) + len(more) > largest:
        raise LongLineError
    line += more
    return line
