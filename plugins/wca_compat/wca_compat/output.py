"""What an older method returns is looked at once: the right number of parts, each of what it should hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from wca_core import ContractError

T = TypeVar("T")


def parts_of(output: object, names: tuple[str, ...]) -> tuple[object, ...]:
    """The parts by their documented names. Raises `ContractError`."""
    form = f"({', '.join(names)})"
    if not isinstance(output, tuple | list):
        raise ContractError(f"returned a {type(output).__name__}; {form} expected")
    if len(output) != len(names):
        raise ContractError(f"returned {len(output)} parts; {form} expected")
    return tuple(output)


def listed(items: object, kind: type[T], what: str) -> list[T]:
    """None is none. Raises `ContractError` for what holds anything else."""
    if items is None:
        return []
    if isinstance(items, str | bytes | Mapping) or not isinstance(items, Iterable):
        raise ContractError(f"{what}: a list of {kind.__name__} expected, found a {type(items).__name__}")
    found = list(items)
    strange = next((item for item in found if not isinstance(item, kind)), None)
    if strange is not None or not all(isinstance(item, kind) for item in found):
        raise ContractError(f"{what}: a list of {kind.__name__} expected, found a {_named(strange, kind)} in it")
    return found


def _named(strange: object, kind: type) -> str:
    """With its module if only that tells it from what is expected."""
    found = type(strange)
    return f"{found.__module__}.{found.__name__}" if found.__name__ == kind.__name__ else found.__name__
