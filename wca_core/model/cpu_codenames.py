"""Which microarchitecture a CPU has: a table. A new CPU is a new row."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class CpuCodename(StrEnum):
    """A microarchitecture, by the name its maker gave it."""

    UNKNOWN = "unknown"
    HASWELL = "Haswell"
    BROADWELL = "Broadwell"
    SKYLAKE = "Skylake"
    CASCADE_LAKE = "Cascade Lake"
    COOPER_LAKE = "Cooper Lake"
    ICE_LAKE = "Ice Lake"
    SAPPHIRE_RAPIDS = "Sapphire Rapids"
    EMERALD_RAPIDS = "Emerald Rapids"
    GRANITE_RAPIDS = "Granite Rapids"
    SIERRA_FOREST = "Sierra Forest"
    CLEARWATER_FOREST = "Clearwater Forest"
    GRAND_RIDGE = "Grand Ridge"
    SNOW_RIDGE = "Snow Ridge"
    ALDER_LAKE = "Alder Lake"
    """Hybrid; Raptor Lake too."""
    ZEN_1 = "Zen 1"
    ZEN_2 = "Zen 2"
    ZEN_3 = "Zen 3"
    ZEN_4 = "Zen 4"
    ZEN_5 = "Zen 5"
    ZEN_6 = "Zen 6"
    NEOVERSE_N1 = "Neoverse N1"
    NEOVERSE_N2 = "Neoverse N2"
    NEOVERSE_N3 = "Neoverse N3"
    NEOVERSE_V1 = "Neoverse V1"
    NEOVERSE_V2 = "Neoverse V2"
    NEOVERSE_V3 = "Neoverse V3"
    AMPERE_ONE = "Ampere One"


class Row(NamedTuple):
    """One or several models. Numbers are hexadecimal; empty means any."""

    vendor: str
    family: str
    models: str
    steppings: str
    codename: CpuCodename


_INTEL = "GenuineIntel"
_AMD = "AuthenticAMD"
_ANY = ""

TABLE = (
    Row(_INTEL, "6", "3C 3F 45 46", _ANY, CpuCodename.HASWELL),
    Row(_INTEL, "6", "3D 47 4F 56", _ANY, CpuCodename.BROADWELL),
    Row(_INTEL, "6", "4E 5E 8E 9E A5 A6", _ANY, CpuCodename.SKYLAKE),
    Row(_INTEL, "6", "55", "0-4", CpuCodename.SKYLAKE),
    Row(_INTEL, "6", "55", "5-7", CpuCodename.CASCADE_LAKE),
    Row(_INTEL, "6", "55", "A-F", CpuCodename.COOPER_LAKE),
    Row(_INTEL, "6", "6A 6C 7D 7E", _ANY, CpuCodename.ICE_LAKE),
    Row(_INTEL, "6", "8F", _ANY, CpuCodename.SAPPHIRE_RAPIDS),
    Row(_INTEL, "6", "CF", _ANY, CpuCodename.EMERALD_RAPIDS),
    Row(_INTEL, "6", "AD AE", _ANY, CpuCodename.GRANITE_RAPIDS),
    Row(_INTEL, "6", "AF", _ANY, CpuCodename.SIERRA_FOREST),
    Row(_INTEL, "6", "DD", _ANY, CpuCodename.CLEARWATER_FOREST),
    Row(_INTEL, "6", "B6", _ANY, CpuCodename.GRAND_RIDGE),
    Row(_INTEL, "6", "86", _ANY, CpuCodename.SNOW_RIDGE),
    Row(_INTEL, "6", "97 9A B7 BA BF", _ANY, CpuCodename.ALDER_LAKE),
    Row(_AMD, "17", "00-2F 50-5F", _ANY, CpuCodename.ZEN_1),
    Row(_AMD, "17", _ANY, _ANY, CpuCodename.ZEN_2),
    Row(_AMD, "19", "00-0F 20-5F", _ANY, CpuCodename.ZEN_3),
    Row(_AMD, "19", "10-1F 60-AF", _ANY, CpuCodename.ZEN_4),
    Row(_AMD, "1A", "00-2F 40-4F 60-7F", _ANY, CpuCodename.ZEN_5),
    Row(_AMD, "1A", "50-5F 80-AF C0-CF", _ANY, CpuCodename.ZEN_6),
    Row("ARM", _ANY, "D0C", _ANY, CpuCodename.NEOVERSE_N1),
    Row("ARM", _ANY, "D40", _ANY, CpuCodename.NEOVERSE_V1),
    Row("ARM", _ANY, "D49", _ANY, CpuCodename.NEOVERSE_N2),
    Row("ARM", _ANY, "D4F", _ANY, CpuCodename.NEOVERSE_V2),
    Row("ARM", _ANY, "D84", _ANY, CpuCodename.NEOVERSE_V3),
    Row("ARM", _ANY, "D8E", _ANY, CpuCodename.NEOVERSE_N3),
    Row("Ampere", _ANY, "AC3 AC4", _ANY, CpuCodename.AMPERE_ONE),
)
"""The first row that fits is right."""


def codename_of(vendor: str, family: int, model: int, stepping: int) -> CpuCodename:
    """The microarchitecture of a CPU; for ARM the vendor is the implementer and the model the part."""
    for row in TABLE:
        if row.vendor == vendor and all(
            _is_among(number, text)
            for number, text in ((family, row.family), (model, row.models), (stepping, row.steppings))
        ):
            return row.codename
    return CpuCodename.UNKNOWN


def _is_among(number: int, text: str) -> bool:
    ranges = [item.partition("-") for item in text.split()]
    return not ranges or any(int(low, 16) <= number <= int(high or low, 16) for low, _, high in ranges)
