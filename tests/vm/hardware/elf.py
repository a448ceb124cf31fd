"""An uncompressed kernel as bytes that are found by the address at which they will run."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from tests.vm.host import VirtualMachineError

LOADED = 1  # PT_LOAD of elf(5)
PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
PADDING = re.compile(rb"\xcc{4096,}|\x00{4096,}")


@dataclass(frozen=True, slots=True)
class Segment:
    """`size` bytes at `offset` in the file, which run at `address`."""

    address: int
    offset: int
    size: int


class Image:
    """A writable ELF64 file; raises VirtualMachineError for an address that it does not hold."""

    def __init__(self, content: bytes) -> None:
        self.content = bytearray(content)
        self.segments = list(segments(content))

    def offset_of(self, address: int) -> int:
        """Where in the file the byte of `address` is."""
        for segment in self.segments:
            if 0 <= address - segment.address < segment.size:
                return segment.offset + address - segment.address
        raise VirtualMachineError(f"the kernel image has nothing at {address:#x}")

    def pointer(self, address: int) -> int:
        """The eight bytes at `address`, as a number."""
        (value,) = struct.unpack_from("<Q", self.content, self.offset_of(address))
        return int(value)

    def write(self, address: int, content: bytes) -> None:
        """`content` in the place of what runs at `address`."""
        offset = self.offset_of(address)
        self.content[offset : offset + len(content)] = content

    def longest_padding(self, first: int, end: int) -> tuple[int, int]:
        """(address, size) of the longest run of int3 or zero bytes from `first` to before `end`, 4096 or more."""
        start = self.offset_of(first)
        runs = PADDING.finditer(bytes(self.content[start : start + end - first]))
        size, place = max((run.end() - run.start(), run.start()) for run in runs)
        return first + place, size


def segments(content: bytes) -> Iterator[Segment]:
    """The loaded segments with an address, as elf(5) lays them out."""
    (table,) = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    for index in range(count):
        kind, _, offset, address, _, in_file, _, _ = PROGRAM_HEADER.unpack_from(content, table + index * size)
        if kind == LOADED and address:
            yield Segment(address, offset, in_file)
