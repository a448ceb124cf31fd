"""Whether a thing is a write at all: what third parties plan is looked at before anything relies on it."""

from __future__ import annotations

from wca_core.model.write import Change

METHODS = ("read", "do", "undo", "verify", "record")


def malformed(write: object) -> str:
    """Why this is no `Write`; empty if it is one. Never raises."""
    try:
        return _lack(write)
    except Exception as error:  # noqa: BLE001  a property of a plugin's
        return f"{type(error).__name__} when it is looked at"


def _lack(write: object) -> str:
    expected = {"kind": str, "place": str, "gives": bool, "reversible": bool, "change": Change | None}
    for name, type_ in expected.items():
        if not isinstance(found := getattr(write, name), type_):
            return f"its {name} is of type {type(found).__name__}"
    for name in METHODS:
        if not callable(getattr(write, name)):
            return f"it has no method {name}"
    return ""
