"""Numbers as tools print them."""

from __future__ import annotations

import math
import re

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_NOT_A_NUMBER = re.compile(r"[+-]?nan\b", re.IGNORECASE)


def number(text: str) -> float | None:
    """The longest number that a text begins with (`80ms`: 80). None for none, and for one that is not finite."""
    found = _NUMBER.match(text.strip())
    if found is None:
        return None
    value = float(found[0])
    return value if math.isfinite(value) else None


def grouped_number(text: str) -> float | None:
    """The same of a text with commas between thousands: `14,997`."""
    return number(text.replace(",", ""))


def is_not_a_number(text: str) -> bool:
    """Whether a tool says that it has no value (yet)."""
    return _NOT_A_NUMBER.match(text.strip()) is not None


def percentile_name(text: str) -> str:
    """`99`, `99.00`: p99; `99.9`: p999; `99.990`: p9999."""
    whole, _, decimals = text.partition(".")
    return f"p{whole}{decimals.rstrip('0')}"
