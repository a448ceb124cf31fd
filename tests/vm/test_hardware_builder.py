"""What is read out of a kernel before the hardware is put into it: its names, and its padding."""

import struct

import pytest

from tests.vm.hardware.elf import Image
from tests.vm.hardware.kallsyms import read_symbols
from tests.vm.host import VirtualMachineError

BASE = 0xFFFFFFFF81000000


def aligned(content: bytes) -> bytes:
    return content + bytes(-len(content) % 8)


def tables(symbols: dict[str, int]) -> bytes:
    """kallsyms as scripts/kallsyms.c lays it out; each byte is its own token, but for one that is a word."""
    tokens = [b"native_" if byte == 1 else bytes([byte or 255]) for byte in range(256)]
    index, table = [], b""
    for token in tokens:
        index.append(len(table))
        table += token + b"\0"
    names, markers = b"", []
    for number, name in enumerate(symbols):
        if number % 256 == 0:
            markers.append(len(names))
        encoded = b"T" + name.encode().replace(b"native_", b"\x01")
        size = len(encoded)
        names += (bytes([size]) if size < 128 else bytes([size & 0x7F | 0x80, size >> 7])) + encoded
    offsets = [address if address < 1 << 31 else BASE - 1 - address for address in symbols.values()]
    parts = [
        struct.pack("<I", len(symbols)),
        names,
        struct.pack(f"<{len(markers)}I", *markers),
        table,
        struct.pack("<256H", *index),
        struct.pack(f"<{len(offsets)}i", *offsets),
        struct.pack("<Q", BASE),
    ]
    return b"".join(map(aligned, parts))


@pytest.mark.parametrize("count", [1, 256, 257, 1000])
def test_every_name_is_found_with_its_address(count: int) -> None:
    symbols = {f"native_{number}": BASE + 16 * number for number in range(count)}
    symbols["x" * 200] = BASE + 0x1000000
    symbols["per_cpu"] = 0x2F000

    assert read_symbols(bytes(4096) + tables(symbols) + b"0\x001\x00 something else") == symbols


def test_a_kernel_without_its_names_is_refused() -> None:
    with pytest.raises(VirtualMachineError, match="no kallsyms"):
        read_symbols(bytes(8192))


def image(content: bytes) -> Image:
    """An ELF64 of one loaded segment."""
    header = bytearray(64)
    header[:4] = b"\x7fELF"
    header[32:40] = struct.pack("<Q", 64)
    header[54:58] = struct.pack("<HH", 56, 1)
    program = struct.pack("<IIQQQQQQ", 1, 5, 120, BASE, 0, len(content), len(content), 4096)
    return Image(bytes(header) + program + content)


def test_bytes_are_found_by_the_address_where_they_run() -> None:
    kernel = image(bytes(16) + struct.pack("<Q", 0xF00D))

    kernel.write(BASE, b"new")

    assert kernel.pointer(BASE + 16) == 0xF00D
    assert kernel.content[120:123] == b"new"
    with pytest.raises(VirtualMachineError, match="nothing at 0xffffffff82000000"):
        kernel.pointer(BASE + 0x1000000)


def test_the_longest_padding_is_found() -> None:
    kernel = image(b"\x90" * 100 + bytes(5000) + b"\x90" + b"\xcc" * 6000 + b"\x90" * 50)

    assert kernel.longest_padding(BASE, BASE + 11151) == (BASE + 5101, 6000)
