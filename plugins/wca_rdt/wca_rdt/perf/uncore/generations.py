"""How the events that WCA knows are encoded on each generation of CPUs: a table.

From the uncore performance monitoring reference manuals of Intel and the PPR manuals of AMD. A cell is
`event/umask` in hexadecimal; several are counted each and summed: pseudo channels since Ice Lake, sub-channels since
Granite Rapids, coherent and other data received over QPI, where a ninth bit of the event chooses among groups of
flits (`drs_data` and `ncb_data` of arch/x86/events/intel/uncore_snbep.c). What stands in no cell does not exist on
that CPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from wca_core.model.cpu_codenames import CpuCodename
from wca_core.model.metric import Metric
from wca_rdt.perf.uncore import descriptions as metrics

Terms: TypeAlias = Mapping[str, int]

HSX, BDX = CpuCodename.HASWELL, CpuCodename.BROADWELL
SKX, CLX = CpuCodename.SKYLAKE, CpuCodename.CASCADE_LAKE
ICX, SPR, GNR = CpuCodename.ICE_LAKE, CpuCodename.SAPPHIRE_RAPIDS, CpuCodename.GRANITE_RAPIDS

SAME_AS = {
    CpuCodename.COOPER_LAKE: CLX,
    CpuCodename.EMERALD_RAPIDS: SPR,
    CpuCodename.SIERRA_FOREST: GNR,
    CpuCodename.CLEARWATER_FOREST: GNR,
}
"""CPUs with the memory controllers and links of another one."""

_INTEL = {
    metrics.CAS_READS: {
        **dict.fromkeys((HSX, BDX, SKX, CLX), "04/03"),
        ICX: "04/0f",
        SPR: "05/cf",
        GNR: "05/cf + 06/cf",
    },
    metrics.CAS_WRITES: {
        **dict.fromkeys((HSX, BDX, SKX, CLX), "04/0c"),
        ICX: "04/30",
        SPR: "05/f0",
        GNR: "05/f0 + 06/f0",
    },
    metrics.PMM_READS: dict.fromkeys((CLX, ICX, SPR), "e3/00"),
    metrics.PMM_WRITES: dict.fromkeys((CLX, ICX, SPR), "e7/00"),
    metrics.RPQ_OCCUPANCY: {
        **dict.fromkeys((HSX, BDX, SKX, CLX), "80/00"),
        **dict.fromkeys((ICX, SPR), "80/00 + 81/00"),
        GNR: "80/00 + 81/00 + 82/00 + 83/00",
    },
    metrics.RPQ_INSERTS: {
        **dict.fromkeys((HSX, BDX, SKX, CLX), "10/00"),
        **dict.fromkeys((ICX, SPR), "10/01 + 10/02"),
        GNR: "10/50 + 10/a0",
    },
    metrics.CLOCKTICKS: {
        HSX: "00/00",
        BDX: "00/01",
        **dict.fromkeys((SKX, CLX, ICX), "00/00"),
        **dict.fromkeys((SPR, GNR), "01/01"),
    },
    metrics.UPI_RXL_FLITS: {
        **dict.fromkeys((HSX, BDX), "102/08 + 103/04"),
        **dict.fromkeys((SKX, CLX, ICX, SPR, GNR), "03/0f"),
    },
    metrics.UPI_TXL_FLITS: {
        **dict.fromkeys((HSX, BDX), "00/02"),
        **dict.fromkeys((SKX, CLX, ICX, SPR, GNR), "02/0f"),
    },
}

_WITH_UMC = frozenset({CpuCodename.ZEN_4, CpuCodename.ZEN_5})
_WITH_DF = frozenset({CpuCodename.ZEN_1, CpuCodename.ZEN_2, CpuCodename.ZEN_3})

_UMC: Mapping[Metric, Terms] = {
    metrics.CAS_READS: {"event": 0x0A, "rdwrmask": 0x1},
    metrics.CAS_WRITES: {"event": 0x0A, "rdwrmask": 0x2},
    metrics.DRAM_ACCESSES: {"event": 0x0A},
    metrics.CLOCKTICKS: {"event": 0x00},
}
_DF_CHANNELS = tuple({"event": 0x07 + 0x40 * channel, "umask": 0x38} for channel in range(8))
"""The data fabric counts lines by channel, reads and writes together."""

KNOWN = frozenset({HSX, BDX, SKX, CLX, ICX, SPR, GNR, *SAME_AS, *_WITH_UMC, *_WITH_DF})


def kind_on(metric: Metric, cpu: CpuCodename) -> str:
    """The kind of PMU that counts it; empty if none does on this CPU. An unknown CPU is taken for one of Intel."""
    if cpu in _WITH_UMC:
        return "amd_umc" if metric in _UMC else ""
    if cpu in _WITH_DF:
        return "amd_df" if metric is metrics.DRAM_ACCESSES else ""
    if metric in (metrics.UPI_RXL_FLITS, metrics.UPI_TXL_FLITS):
        return "uncore_qpi" if cpu in (HSX, BDX) else "uncore_upi"
    return "uncore_imc"


def parts_of(metric: Metric, cpu: CpuCodename) -> tuple[Terms, ...]:
    """The hardware events whose sum it is; none for a CPU that cannot count it or is not known."""
    if cpu in _WITH_UMC:
        return (_UMC[metric],) if metric in _UMC else ()
    if cpu in _WITH_DF:
        return _DF_CHANNELS if metric is metrics.DRAM_ACCESSES else ()
    cell = _INTEL.get(metric, {}).get(SAME_AS.get(cpu, cpu), "")
    return tuple(_terms(part) for part in cell.split("+") if part)


def _terms(part: str) -> Terms:
    event, _, umask = part.strip().partition("/")
    return {"event": int(event, 16), "umask": int(umask, 16)}
