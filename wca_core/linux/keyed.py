"""Kernel files of lines `key value`: the flat keyed files of cgroups, vmstat and their like."""

from __future__ import annotations

from collections.abc import Sequence


def field_at(name: str) -> bytes:
    """What to look for to find a field: its whole name, from the beginning of a line."""
    return f"\n{name} ".encode()


def has_field(text: bytes, name: str) -> bool:
    return field_at(name) in b"\n" + text


def numbers_at(text: bytes, fields: Sequence[bytes]) -> list[int]:
    """The numbers behind fields made by `field_at`. Raises `ValueError` if one is missing or no number.

    Looks for each field instead of splitting the text: 0.3 us a field against 5 us for all 40 of memory.stat.
    """
    text = b"\n" + text
    index = text.index
    numbers = []
    for name in fields:
        start = index(name) + len(name)
        end = text.find(b"\n", start)
        numbers.append(int(text[start:end] if end >= 0 else text[start:]))
    return numbers


def parse_keyed(text: bytes) -> dict[str, int]:
    """All fields. Raises `ValueError` for a line of another form."""
    fields: dict[str, int] = {}
    for line in text.splitlines():
        name, separator, number = line.partition(b" ")
        if not separator:
            raise ValueError(f"line {line[:80]!r} is not of the form 'key value'")
        fields[name.decode(errors="replace")] = int(number)
    return fields
