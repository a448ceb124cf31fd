"""What another machine sent, taken as what it should be: nothing in it is believed to have its type.

Each function gives something empty for what is of another type.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

LONGEST = 256
"""Characters of a name or of a label's value."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9._:-]{1,256}")


def mapping(value: object) -> Mapping[str, object]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> Sequence[object]:
    """The value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else ()


def text(value: object) -> str:
    """The value if it is a text, else an empty one. Half of a character, which JSON can say, is a question mark."""
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else value.encode(errors="replace").decode()


def shown(value: object) -> str:
    """As `text`, at most `LONGEST` characters."""
    return text(value)[:LONGEST]


def number(value: object) -> float | None:
    """The value if it is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def is_identifier(value: str) -> bool:
    """Whether an id may be a part of a path: letters, digits, `.`, `_`, `:` and `-`, but neither `.` nor `..`."""
    return _IDENTIFIER.fullmatch(value) is not None and value not in (".", "..")


def label_name(key: str) -> str:
    """The name of a label for a key of somebody else; empty for an empty key.

    What is no ASCII letter, digit or `_` becomes `_`, a digit at the beginning gets one in front, and several at the
    beginning become one.
    """
    name = re.sub(r"[^A-Za-z0-9_]", "_", key)
    if name[:1].isdigit():
        name = f"_{name}"
    return re.sub(r"^_{2,}", "_", name)
