"""How a message shows a value that somebody else's code made."""

from __future__ import annotations


def shown(value: object, length: int = 80) -> str:
    """Its `repr`, cut off. Never raises: arrays of millions, ints of 5000 digits and worse are values too."""
    try:
        return repr(value)[:length]
    except Exception:  # noqa: BLE001  a plugin's
        return f"something of type {type(value).__name__}"
