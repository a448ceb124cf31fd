"""Memory bandwidth is told in three units, by processor and mount option.

| unit | where | unlimited |
|---|---|---|
| percent | Intel, Arm MPAM | 100 |
| mbps | Intel mounted with `mba_MBps`: MiB/s | 4294967295 |
| eighth_gb | AMD, Hygon: 1/8 GB/s | 2048, or more where the hardware has more |
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, TypeAlias

from wca_core.errors import ContractError

Unit: TypeAlias = Literal["percent", "mbps", "eighth_gb"]

ABSOLUTE_VENDORS = frozenset({"AuthenticAMD", "HygonGenuine"})
NO_LIMIT = {"percent": 100, "mbps": 4294967295, "eighth_gb": 2048}
BYTES = {"mbps": 1 << 20, "eighth_gb": 125_000_000}
"""Per second in one unit."""


def unit_of(options: Collection[str], vendor: str, least: int, found: Collection[int]) -> Unit:
    """`options` of the mount, `vendor` of the processor, `least`: info/MB/min_bandwidth, `found` in the root group.

    The vendor alone does not tell: who emulates resctrl may emulate that of another one. Only absolute values begin
    at 0 or are beyond 100.
    """
    if "mba_MBps" in options or NO_LIMIT["mbps"] in found:
        return "mbps"
    is_absolute = vendor in ABSOLUTE_VENDORS and least == 0
    if is_absolute or any(value > NO_LIMIT["percent"] for value in found):
        return "eighth_gb"
    return "percent"


def most_of(unit: Unit, found: Collection[int]) -> int:
    """The value without a limit. `found`: those of the root group when nothing was written yet."""
    return max(NO_LIMIT[unit], *found) if unit == "eighth_gb" and found else NO_LIMIT[unit]


def bytes_per_second(value: int, unit: Unit) -> int:
    """Raises `ContractError` for percent: of how much, nobody knows."""
    return value * _bytes_in(unit)


def from_bytes_per_second(wanted: float, unit: Unit) -> int:
    """The least value of at least so many bytes per second. Raises as `bytes_per_second`."""
    return -int(-wanted // _bytes_in(unit))


def _bytes_in(unit: Unit) -> int:
    if unit not in BYTES:
        raise ContractError(f"memory bandwidth in {' or '.join(BYTES)} expected, found a machine that takes {unit}")
    return BYTES[unit]
