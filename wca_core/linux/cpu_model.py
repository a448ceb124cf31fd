"""Which CPU this is: what `/proc/cpuinfo` says on x86, the main identification register on ARM.

The register is of arm64 only, see Documentation/arch/arm64/cpu-feature-registers.rst of the kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wca_core.linux.sysfs import read_number

IMPLEMENTERS = {
    0x41: "ARM",
    0x42: "Broadcom",
    0x43: "Cavium",
    0x46: "Fujitsu",
    0x48: "HiSilicon",
    0x4E: "NVIDIA",
    0x50: "APM",
    0x51: "Qualcomm",
    0x61: "Apple",
    0x6D: "Microsoft",
    0xC0: "Ampere",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuModel:
    """What a CPU says of itself. Numbers it does not tell are 0."""

    name: str = ""
    """As marketed; empty where it is not told."""
    is_arm: bool = False
    vendor: str = "unknown"
    """`GenuineIntel`, `AuthenticAMD`; on ARM the implementer."""
    family: int = 0
    number: int = 0
    """The model on x86, the part on ARM."""
    stepping: int = 0
    """The revision on ARM."""


def cpu_model(cpuinfo: Mapping[str, str], midr: int | None) -> CpuModel:
    """`cpuinfo`: the fields of one CPU; `midr`: its identification register, if it has one."""
    name = cpuinfo.get("model name", "")
    if midr is None and "CPU implementer" in cpuinfo:
        midr = _midr_of(cpuinfo)
    if midr is None:
        return CpuModel(
            name=name,
            vendor=cpuinfo.get("vendor_id", "unknown"),
            family=_number(cpuinfo, "cpu family"),
            number=_number(cpuinfo, "model"),
            stepping=_number(cpuinfo, "stepping"),
        )
    implementer = midr >> 24 & 0xFF
    return CpuModel(
        name=name,
        is_arm=True,
        vendor=IMPLEMENTERS.get(implementer, f"implementer {implementer:#x}"),
        number=midr >> 4 & 0xFFF,
        stepping=midr & 0xF,
    )


def read_midr(sys: str, cpu: int) -> int | None:
    """The main identification register of a CPU; None but on arm64. Raises `HostError`."""
    return read_number(f"{sys}/devices/system/cpu/cpu{cpu}/regs/identification/midr_el1")


def _midr_of(cpuinfo: Mapping[str, str]) -> int:
    """The register as far as `/proc/cpuinfo` gives it in parts."""
    implementer, part = _number(cpuinfo, "CPU implementer"), _number(cpuinfo, "CPU part")
    return implementer << 24 | part << 4 | _number(cpuinfo, "CPU revision")


def _number(cpuinfo: Mapping[str, str], key: str) -> int:
    try:
        return int(cpuinfo.get(key, ""), 0)
    except ValueError:  # also "unknown", as some steppings are
        return 0
