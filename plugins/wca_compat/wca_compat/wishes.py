"""From the allocations that an older allocator gives to wishes."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Set
from numbers import Integral, Real

from wca_core import Allocation, AllocationType, ContractError
from wca_core.model.shown import shown

log = logging.getLogger("wca.compat")

_TYPES: Mapping[str, AllocationType] = {kind.value: kind for kind in AllocationType}


class UnknownAllocation:
    """Stands for a wish of a type that nobody knows: the agent then drops all allocations of this call."""


def wishes(allocations: object, label: str) -> Iterator[Allocation | UnknownAllocation]:
    """A wish for each type of each task. Raises `ContractError` if these are no mappings of mappings by task id."""
    if allocations is None:
        return
    for task_id, of_task in _entries(allocations, "the allocations"):
        if not isinstance(task_id, str):
            raise ContractError(f"allocations are by task id; found {shown(task_id)}")
        for kind, value in _entries({} if of_task is None else of_task, f"the allocations of task {shown(task_id)}"):
            known = _TYPES.get(str.__str__(kind)) if isinstance(kind, str) else None
            if known is not None:
                yield Allocation(str.__str__(task_id), known, _plain(value))
            else:
                _tell_unknown(label, task_id, kind)
                yield UnknownAllocation()


def _tell_unknown(label: str, task_id: str, kind: object) -> None:
    words = ", ".join(_TYPES)
    log.error(
        "plugin %s: task %s: %s is no type of allocation; there are %s", label, shown(task_id), shown(kind), words
    )


def _entries(mapping: object, what: str) -> list[tuple[object, object]]:
    if not isinstance(mapping, Mapping):
        raise ContractError(f"{what} are a {type(mapping).__name__}; a mapping expected")
    return list(mapping.items())


def _plain(value: object) -> object:
    """Numbers of others as Python's own, texts of enums as texts; what the value may be is decided behind this."""
    if type(value) in (bool, int, float, type(None)):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, list | tuple | range):
        return [_plain(part) for part in value]
    if isinstance(value, Set):
        return {_plain(part) for part in value}
    return _number(value)


def _number(value: object) -> object:
    """Also of numpy, whose arrays are lists; anything that is neither as it is."""
    if hasattr(value, "shape") and callable(tolist := getattr(value, "tolist", None)):
        return tolist()
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else value
