"""What one read(2) of a group's leader gives, with the `read_format` of `attributes`.

u64 nr, time_enabled, time_running, then u64 value, id of each counter in the order of opening.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Reading:
    """One group at one moment. The times are nanoseconds."""

    enabled: int
    running: int
    values: tuple[int, ...]
    """In the order of opening."""


def size_of(events: int) -> int:
    """Bytes that a read gives of a group of so many events."""
    return 8 * (3 + 2 * events)


def parse_reading(content: bytes, events: int) -> Reading:
    """Raises `ValueError` for anything but a whole reading of so many events.

    Empty content is a group in error state: the kernel could not put a pinned group on the counters.
    """
    if len(content) != size_of(events):
        raise ValueError(f"{size_of(events)} bytes of a group of {events} events expected, found {len(content)}")
    number, enabled, running, *values = layout(events).unpack(content)
    if number != events:
        raise ValueError(f"a group of {events} events expected, found one of {number}")
    return Reading(enabled, running, tuple(values))


@cache
def layout(events: int) -> struct.Struct:
    """Of one reading, without the ids: unsigned, in the machine's byte order."""
    return struct.Struct("=QQQ" + events * "Q8x")
