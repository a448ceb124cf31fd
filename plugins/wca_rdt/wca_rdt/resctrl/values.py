"""What the files below `mon_data` say: a number, or a word where the kernel has none."""

from __future__ import annotations

import re
from typing import TypeAlias

UNAVAILABLE = "Unavailable"
"""The hardware has no valid value now."""
UNASSIGNED = "Unassigned"
"""No counter is assigned to the group."""
ERROR = "Error"
GONE = "gone"
"""Ours: the file was removed with its group or domain."""

Reading: TypeAlias = int | float | str
"""A number, or a word; a text that is neither stands as it is."""

_AMOUNT = re.compile(r"\d+\.\d+")
_SHOWN = 80


def parse_reading(text: bytes) -> Reading:
    """Bytes and events are whole numbers, amounts of telemetry may have a fraction. Never raises."""
    word = text.strip()
    if word.isdigit():
        return int(word)
    spelled = word.decode("ascii", "replace")
    return float(spelled) if _AMOUNT.fullmatch(spelled) else spelled[:_SHOWN]
