"""The events that each maker codes in its own way: named ones by microarchitecture, as (event, umask, cmask).

Most of those of Intel that count memory accesses can only use the general counters 0 to 3. Those of AMD are the
nearest that there is, not the same: they count what is dispatched, or fills, and are used only if the user agrees.
Sources: the makers' event lists, Intel SDM volume 3 chapter 20, AMD PPR "Core performance monitor counters",
the Arm architecture's common event numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from wca_core.model.cpu_codenames import CpuCodename as Cpu


class Code(NamedTuple):
    """Of one event."""

    event: int
    umask: int = 0
    cmask: int = 0

    @property
    def x86(self) -> int:
        """`config` of a raw event, with the upper bits of the event as AMD has them."""
        return self.event & 0xFF | self.umask << 8 | self.cmask << 24 | self.event >> 8 << 32


HELP = {
    "task_stalled_mem_loads": "Cycles in which execution stalled while loads were outstanding.",
    "task_offcore_requests_l3_miss_demand_data_rd": "Demand reads of data that missed the third level of cache.",
    "task_offcore_requests_demand_data_rd": "Demand reads of data sent beyond the caches of the core.",
    "task_offcore_requests_demand_rfo": "Demand reads for ownership sent beyond the caches of the core.",
    "task_offcore_requests_outstanding_l3_miss_demand_data_rd": (
        "Demand reads of data that missed the third level of cache and are outstanding, summed over the cycles."
    ),
    "task_mem_load_retired_local_pmm": "Loads served by persistent or CXL memory of the own node.",
    "task_mem_load_retired_local_dram": "Loads served by DRAM of the own node.",
    "task_mem_load_retired_remote_dram": "Loads served by DRAM of another node.",
    "task_mem_inst_retired_loads": "Load instructions.",
    "task_mem_inst_retired_stores": "Store instructions.",
    "task_dtlb_load_misses": "Loads that caused a walk through the page tables.",
}

_HASWELL, _BROADWELL = (Cpu.HASWELL,), (Cpu.BROADWELL,)
_SKYLAKE = (Cpu.SKYLAKE,)
_CASCADE = (Cpu.CASCADE_LAKE, Cpu.COOPER_LAKE)
_ICE = (Cpu.ICE_LAKE,)
_SAPPHIRE, _EMERALD, _GRANITE = (Cpu.SAPPHIRE_RAPIDS,), (Cpu.EMERALD_RAPIDS,), (Cpu.GRANITE_RAPIDS,)
_RAPIDS = (*_SAPPHIRE, *_EMERALD, *_GRANITE)
_FOREST = (Cpu.SIERRA_FOREST, Cpu.CLEARWATER_FOREST)
_OLD = (*_HASWELL, *_BROADWELL)
_SKYLAKE_TO_ICE = (*_SKYLAKE, *_CASCADE, *_ICE)
_UP_TO_ICE = (*_OLD, *_SKYLAKE_TO_ICE)
_BIG = (*_UP_TO_ICE, *_RAPIDS)
_ALL = (*_BIG, *_FOREST)
_LATER = (*_SKYLAKE_TO_ICE, *_RAPIDS, *_FOREST)

_INTEL: tuple[tuple[str, tuple[Cpu, ...], Code], ...] = (
    ("task_stalled_mem_loads", _OLD, Code(0xA3, 0x06, 6)),
    ("task_stalled_mem_loads", _SKYLAKE_TO_ICE, Code(0xA3, 0x14, 20)),
    ("task_stalled_mem_loads", _RAPIDS, Code(0xA6, 0x21, 5)),
    ("task_stalled_mem_loads", (Cpu.SIERRA_FOREST,), Code(0x34, 0x7F)),
    ("task_offcore_requests_l3_miss_demand_data_rd", _SKYLAKE_TO_ICE, Code(0xB0, 0x10)),
    ("task_offcore_requests_l3_miss_demand_data_rd", _RAPIDS, Code(0x21, 0x10)),
    ("task_offcore_requests_demand_data_rd", _UP_TO_ICE, Code(0xB0, 0x01)),
    ("task_offcore_requests_demand_data_rd", _RAPIDS, Code(0x21, 0x01)),
    ("task_offcore_requests_demand_rfo", _UP_TO_ICE, Code(0xB0, 0x04)),
    ("task_offcore_requests_demand_rfo", _RAPIDS, Code(0x21, 0x04)),
    ("task_offcore_requests_outstanding_l3_miss_demand_data_rd", _SKYLAKE_TO_ICE, Code(0x60, 0x10)),
    ("task_offcore_requests_outstanding_l3_miss_demand_data_rd", _RAPIDS, Code(0x20, 0x10)),
    ("task_mem_load_retired_local_pmm", (*_CASCADE, *_ICE, *_SAPPHIRE, *_GRANITE), Code(0xD1, 0x80)),
    ("task_mem_load_retired_local_dram", _ALL, Code(0xD3, 0x01)),
    ("task_mem_load_retired_remote_dram", _OLD, Code(0xD3, 0x04)),
    ("task_mem_load_retired_remote_dram", _LATER, Code(0xD3, 0x02)),
    ("task_mem_inst_retired_loads", _ALL, Code(0xD0, 0x81)),
    ("task_mem_inst_retired_stores", _ALL, Code(0xD0, 0x82)),
    ("task_dtlb_load_misses", (*_UP_TO_ICE, *_FOREST), Code(0x08, 0x0E)),
    ("task_dtlb_load_misses", _RAPIDS, Code(0x12, 0x0E)),
)

INTEL: Mapping[Cpu, Mapping[str, Code]] = {
    cpu: {name: code for name, cpus, code in _INTEL if cpu in cpus} for cpu in _ALL
}

AMD_CPUS = (Cpu.ZEN_3, Cpu.ZEN_4, Cpu.ZEN_5)
AMD: Mapping[str, Code] = {
    "task_mem_inst_retired_loads": Code(0x29, 0x01),
    "task_mem_inst_retired_stores": Code(0x29, 0x02),
    "task_mem_load_retired_local_dram": Code(0x43, 0x08),
    "task_mem_load_retired_remote_dram": Code(0x43, 0x40),
    "task_dtlb_load_misses": Code(0x45, 0xF0),
}

ARM_CPUS = tuple(cpu for cpu in Cpu if cpu.value.startswith("Neoverse"))
ARM: Mapping[str, tuple[Code, ...]] = {
    "task_stalled_mem_loads": (Code(0x4005),),
    "task_mem_inst_retired_loads": (Code(0x06), Code(0x70)),
    "task_mem_inst_retired_stores": (Code(0x07), Code(0x71)),
    "task_dtlb_load_misses": (Code(0x34),),
}
"""The second one where the first is not implemented."""

GENERAL_COUNTERS = {
    **dict.fromkeys((*_OLD, *_SKYLAKE, *_CASCADE), (4, 8)),
    **dict.fromkeys((*_ICE, *_RAPIDS, *_FOREST), (8, 8)),
    **dict.fromkeys((Cpu.ZEN_1, Cpu.ZEN_2, *AMD_CPUS), (6, 6)),
    **dict.fromkeys(ARM_CPUS, (6, 6)),
}
"""For each thread of a core, with and without simultaneous threads: what messages name, nothing depends on it."""
