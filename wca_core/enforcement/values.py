"""Whether what is wished is a value at all, whatever the machine: the type of the value and its documented range."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

from wca_core.enforcement.ids import ids_of
from wca_core.errors import ContractError
from wca_core.linux.cpulist import HIGHEST
from wca_core.model.allocation import Allocation, AllocationType, Refusal
from wca_core.model.rdt_allocation import RDTAllocation, parse_line, parse_mask
from wca_core.model.shown import shown

MASKS = frozenset({"l3", "l3_code", "l3_data", "l2"})
"""Fields of an `RDTAllocation` whose values are masks; those of the others are amounts."""

UNLIMITED = "max"


def refused(wish: Allocation) -> Refusal | None:
    """Why this is no value of its type; None if it is one. Never raises, whatever the value does when looked at."""
    try:
        CHECKS[wish.type](wish.value)
    except ContractError as error:
        return Refusal(wish.task_id, wish.type, str(error))
    except Exception as error:  # noqa: BLE001  a plugin's
        return Refusal(wish.task_id, wish.type, f"no value that can be read: {type(error).__name__}")
    return None


def number_of(value: object, lowest: float = 0.0, highest: float = math.inf) -> float:
    """A finite number within bounds, both included. Raises `ContractError`, also for text and booleans."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_within(value, lowest, highest):
        bounds = f"from {lowest:g} to {highest:g}" if highest < math.inf else f"of {lowest:g} or more"
        raise ContractError(f"a number {bounds} expected, found {shown(value)}")
    return value


def flag_of(value: object) -> int:
    """0 or 1. Raises `ContractError`; a boolean is one of them."""
    if type(value) not in (bool, int, float) or value not in (0, 1):
        raise ContractError(f"0 or 1 expected, found {shown(value)}")
    return int(value)


def node_of(value: object) -> int:
    """The number of a NUMA node. Raises `ContractError`."""
    if type(value) is not int or not 0 <= value < HIGHEST:
        raise ContractError(f"the number of a NUMA node expected, found {shown(value)}")
    return value


def memory_limit_of(value: object) -> float | None:
    """Bytes, or up to 1.0 a part of the node's memory if it is a float; None for `max`. Raises `ContractError`."""
    if value == UNLIMITED:
        return None
    try:
        return number_of(value)
    except ContractError as error:
        expected = "bytes, a part of the memory up to 1.0, or 'max' expected"
        raise ContractError(f"{expected}, found {shown(value)}") from error


def rdt_of(value: object) -> RDTAllocation:
    """A value of type `rdt` whose lines can be read. Raises `ContractError`."""
    if not isinstance(value, RDTAllocation):
        raise ContractError(f"an RDTAllocation expected, found {shown(value)}")
    for field, line in value.lines():
        for amount in parse_line(field, line).values():
            if field in MASKS:
                if not parse_mask(amount):
                    raise ContractError(f"{field}: a mask with a way expected, found {shown(amount)} in {shown(line)}")
            elif not (amount.isascii() and amount.isdigit()):
                raise ContractError(f"{field}: a whole number expected, found {shown(amount)} in {shown(line)}")
    return value


def _is_within(value: float, lowest: float, highest: float) -> bool:
    try:
        return math.isfinite(value) and lowest <= value <= highest
    except OverflowError:  # an int that no float can hold
        return False


CHECKS: Mapping[AllocationType, Callable[[object], object]] = {
    AllocationType.CPU_QUOTA: partial(number_of, highest=1.0),
    AllocationType.CPU_SHARES: number_of,
    AllocationType.CPUSET_CPUS: ids_of,
    AllocationType.CPUSET_MEMS: ids_of,
    AllocationType.CPUSET_MEMORY_MIGRATE: flag_of,
    AllocationType.MIGRATE_PAGES: node_of,
    AllocationType.RDT: rdt_of,
    AllocationType.MEMORY_HIGH: memory_limit_of,
    AllocationType.MEMORY_MIN: number_of,
    AllocationType.MEMORY_LOW: number_of,
    AllocationType.CPU_IDLE: flag_of,
    AllocationType.CPU_BURST: partial(number_of, highest=1.0),
}
