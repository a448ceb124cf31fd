"""The names and addresses that a kernel carries within itself, as /proc/kallsyms would print them.

Laid out by scripts/kallsyms.c of Linux 6.4 and newer, each table on a multiple of eight bytes:

    number of symbols       u32
    names                   for each: how many bytes follow (one byte, or two where the first has bit 7), then those
    markers                 u32: the place in names of each 256th symbol
    token table             256 texts, each ended by a zero; a byte of a name stands for one of them
    token index             u16: the place of each text in the token table
    offsets                 i32 for each symbol
    base                    u64

An offset below zero is counted from the base, backwards (`base - 1 - offset`); the others are addresses
of per-cpu variables (CONFIG_KALLSYMS_ABSOLUTE_PERCPU). The first letter of a name is its type.
"""

import struct
from collections.abc import Iterator
from itertools import pairwise

from tests.vm.host import VirtualMachineError

DIGITS = b"".join(b"%d\0" % digit for digit in range(10))
MARKED = 256
TOKENS = 256


def read_symbols(image: bytes) -> dict[str, int]:
    """Address by name, of the symbols in `image`; of a name that is there twice, the first.

    Raises VirtualMachineError where the tables are not laid out as above.
    """
    index, tokens = read_tokens(image)
    for table in token_tables(image, index, tokens):
        markers = marker_table(image, table)
        place = names_place(image, markers, table)
        if place is not None:
            names = list(read_names(image, *place, tokens))
            offsets = aligned(index + 2 * TOKENS)
            return addressed(names, image, offsets)
    raise VirtualMachineError("the kernel image has token tables, and no names before them")


def aligned(place: int) -> int:
    """The next multiple of eight."""
    return -(-place // 8) * 8


def read_tokens(image: bytes) -> tuple[int, list[bytes]]:
    """(place of the token index, the 256 texts): the digits follow each other in both, whatever else does."""
    digits = image.find(DIGITS)
    while digits >= 0:
        end = digits
        for _ in range(TOKENS - ord("0")):
            end = image.index(b"\0", end) + 1
        index = aligned(end)
        places = struct.unpack_from(f"<{TOKENS}H", image, index)
        start = digits - places[ord("0")]
        if places[0] == 0 and all(left < right for left, right in pairwise(places)):
            return index, [image[start + place : image.index(b"\0", start + place)] for place in places]
        digits = image.find(DIGITS, digits + 1)
    raise VirtualMachineError("the kernel image has no kallsyms: no table of 256 tokens with its index")


def token_tables(image: bytes, index: int, tokens: list[bytes]) -> Iterator[int]:
    """The place where the token table before `index` begins."""
    size = sum(len(token) + 1 for token in tokens)
    for padding in range(8):
        start = index - size - padding
        if start % 8 == 0 and image.startswith(tokens[0] + b"\0" + tokens[1] + b"\0", start):
            yield start


def marker_table(image: bytes, end: int) -> tuple[int, int]:
    """(place, how many): the rising numbers before `end`, back to the zero that they begin with."""
    place = end - 4
    if struct.unpack_from("<I", image, place) == (0,):
        place -= 4
    last = place
    while struct.unpack_from("<I", image, place) != (0,):
        place -= 4
    return place, (last - place) // 4 + 1


def names_place(image: bytes, markers: tuple[int, int], end: int) -> tuple[int, int] | None:
    """(place of the names, how many): the number of symbols stands eight bytes before its own many names."""
    place, count = markers
    (last,) = struct.unpack_from("<I", image, place + 4 * (count - 1))
    for start in range(aligned(place - last) - 8, 0, -8):
        (symbols,) = struct.unpack_from("<I", image, start - 8)
        if (count - 1) * MARKED < symbols <= count * MARKED and ends_at(image, start, symbols, place):
            return start, symbols
        if place - start > last + MARKED * 512:
            return None
    return None


def ends_at(image: bytes, start: int, symbols: int, end: int) -> bool:
    """Whether `symbols` names from `start` on fill the bytes up to `end`, but for the padding."""
    place = start
    for _ in range(symbols):
        if place >= end:
            return False
        size, place = name_size(image, place)
        place += size
    return aligned(place) == end


def name_size(image: bytes, place: int) -> tuple[int, int]:
    """(how many bytes the name has, where they begin)."""
    size = image[place]
    if size & 0x80:
        return (size & 0x7F) | image[place + 1] << 7, place + 2
    return size, place + 1


def read_names(image: bytes, place: int, symbols: int, tokens: list[bytes]) -> Iterator[str]:
    """Each symbol's name, without the letter of its type."""
    for _ in range(symbols):
        size, place = name_size(image, place)
        yield b"".join(tokens[byte] for byte in image[place : place + size])[1:].decode(errors="replace")
        place += size


def addressed(names: list[str], image: bytes, offsets: int) -> dict[str, int]:
    """Each name with its address."""
    (base,) = struct.unpack_from("<Q", image, aligned(offsets + 4 * len(names)))
    found: dict[str, int] = {}
    for name, offset in zip(names, struct.unpack_from(f"<{len(names)}i", image, offsets), strict=True):
        found.setdefault(name, offset if offset >= 0 else base - 1 - offset)
    return found
