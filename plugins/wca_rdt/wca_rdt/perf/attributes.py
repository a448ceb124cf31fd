"""`struct perf_event_attr` of a counter that counts and does not sample: see perf_event_open(2).

The size is that of its fifth version, which every kernel since 4.1 takes. `inherit` stays 0: it means
nothing for an event of a CPU, and older kernels refuse it beside a group read.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

SIZE = 0x70

HARDWARE = 0
SOFTWARE = 1
HW_CACHE = 3
RAW = 4
"""Types; any other is the number of a PMU in sysfs."""

READ_FORMAT = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3
"""TOTAL_TIME_ENABLED, TOTAL_TIME_RUNNING, ID and GROUP: what `reading` parses."""

_DISABLED = 1 << 0
_EXCLUDE_GUEST = 1 << 20

_LAYOUT = struct.Struct("=II QQQQQ II QQ")
"""type, size; config, sample_period, sample_type, read_format, bits; wakeup_events, bp_type; config1, config2."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """What one counter counts."""

    type: int
    config: int
    config1: int = 0
    config2: int = 0
    disabled: bool = False
    """True for the leader of a group: its members start with it."""
    exclude_guest: bool = False
    """Not while a virtual machine runs on the CPU."""

    def __bytes__(self) -> bytes:
        bits = _DISABLED * self.disabled | _EXCLUDE_GUEST * self.exclude_guest
        start = _LAYOUT.pack(
            *(self.type, SIZE),
            *(self.config, 0, 0, READ_FORMAT, bits),
            *(0, 0),
            *(self.config1, self.config2),
        )
        return start.ljust(SIZE, b"\0")
