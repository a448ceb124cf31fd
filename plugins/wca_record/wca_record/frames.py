"""The frames of a recording, looked at before the library unpacks them: a small file may claim to hold any amount.

https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format: a frame is a mark, the length of its
description (a flatbuffer, `Message.fbs`), the description, and a body. In the body of a compressed batch each buffer
begins with its length unpacked, for which the library takes memory before it unpacks.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from wca_core.errors import ContractError
from wca_record.schema import MOST_ROWS_READ, MOST_UNPACKED

MARK = b"\xff\xff\xff\xff"
LONGEST_DESCRIPTION = 1 << 24
DICTIONARY, BATCH = 2, 3
"""Kinds of frames that have a body."""


class Frames:
    """A file, to be read by the library: frame by frame, none of which it sees before it was looked at."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._frame = b""
        self._read = 0

    def read(self, size: int) -> bytes:
        """Raises `ContractError` for what is no frame, and for one that would take too much memory."""
        if self._read == len(self._frame):
            self._frame, self._read = self._next(), 0
        part = self._frame[self._read : self._read + size]
        self._read += len(part)
        return part

    def _next(self) -> bytes:
        start = self._file.read(8)
        if len(start) < 8 or start[:4] != MARK:
            return start  # the file breaks off; or the library tells what is wrong
        length = int.from_bytes(start[4:], "little")
        if length > LONGEST_DESCRIPTION:
            raise ContractError(f"a frame whose description has {length} bytes")
        description = self._file.read(length)
        if len(description) < length or not length:
            return start + description
        try:
            return start + description + self._body(description)
        except struct.error as error:
            raise ContractError(f"a frame whose description cannot be read ({error})") from error

    def _body(self, description: bytes) -> bytes:
        message = _Table.root(description)
        length = message.number(3, "q")
        if not 0 <= length <= MOST_UNPACKED:
            raise ContractError(f"a frame of {length} bytes")
        body = self._file.read(length)
        kind = message.number(1, "B")
        if kind in (DICTIONARY, BATCH):
            batch = message.table(2) if kind == BATCH else message.table(2).table(1)
            _check(batch, body)
            if kind == DICTIONARY and message.table(2).number(2, "B"):
                raise ContractError("a dictionary that adds to another")
        return body


def _check(batch: _Table, body: bytes) -> None:
    rows = batch.number(0, "q")
    if rows > MOST_ROWS_READ:
        raise ContractError(f"a chunk of {rows} rows; at most {MOST_ROWS_READ} are read")
    is_compressed = batch.has(3)
    unpacked = sum(_unpacked(body, *place) if is_compressed else place[1] for place in batch.pairs(2))
    if unpacked > MOST_UNPACKED:
        raise ContractError(f"a chunk of {unpacked} bytes unpacked; at most {MOST_UNPACKED} are read")


def _unpacked(body: bytes, offset: int, length: int) -> int:
    """What the library takes for a buffer of a compressed batch; those that would become larger are not compressed."""
    if length < 8 or offset < 0:
        return 0
    prefix = int.from_bytes(body[offset : offset + 8], "little", signed=True)
    return max(length, prefix)


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of a flatbuffer (https://flatbuffers.dev/internals). Raises `struct.error` for what is none."""

    data: bytes
    at: int

    @classmethod
    def root(cls, data: bytes) -> _Table:
        return cls(data, *struct.unpack_from("<I", data))

    def has(self, field: int) -> bool:
        return self._place(field) != 0

    def number(self, field: int, code: str) -> int:
        """0 if it is left out."""
        place = self._place(field)
        found: int = struct.unpack_from(f"<{code}", self.data, place)[0] if place else 0
        return found

    def table(self, field: int) -> _Table:
        return _Table(self.data, self._target(field))

    def pairs(self, field: int) -> Iterator[tuple[int, int]]:
        """Of a vector of pairs of int64."""
        if not self._place(field):
            return
        start = self._target(field)
        (count,) = struct.unpack_from("<I", self.data, start)
        for number in range(count):
            yield struct.unpack_from("<qq", self.data, start + 4 + 16 * number)

    def _target(self, field: int) -> int:
        place = self._place(field)
        found: int = struct.unpack_from("<I", self.data, place)[0]
        return place + found

    def _place(self, field: int) -> int:
        """0 if it is left out."""
        (back,) = struct.unpack_from("<i", self.data, self.at)
        table = self.at - back
        (size,) = struct.unpack_from("<H", self.data, table)
        entry = 4 + 2 * field
        (offset,) = struct.unpack_from("<H", self.data, table + entry) if entry + 2 <= size else (0,)
        return self.at + int(offset) if offset else 0
