"""Machines whose CPUs and PMUs tests look for events on."""

from __future__ import annotations

from wca_rdt.perf.pmu import Alias, Pmu
from wca_rdt.perf.processor import Processor
from wca_rdt.perf.resolution import Resolver

from wca_core.model.cpu_codenames import CpuCodename
from wca_core.model.platform import Platform

INTEL = Pmu(
    "cpu",
    4,
    formats={
        "event": "config:0-7",
        "umask": "config:8-15",
        "edge": "config:18",
        "inv": "config:23",
        "cmask": "config:24-31",
        "ldlat": "config1:0-15",
    },
    aliases={"mem-loads": Alias("event=0xcd,umask=0x1,ldlat=3")},
)
ARM = Pmu(
    "armv8_pmuv3_0",
    8,
    frozenset(range(4)),
    formats={"event": "config:0-15"},
    aliases={"ld_retired": Alias("event=0x0006"), "dtlb_walk": Alias("event=0x0034")},
)
BIG = Pmu("cpu_core", 4, frozenset({0, 1}), INTEL.formats)
LITTLE = Pmu("cpu_atom", 10, frozenset({2, 3}), INTEL.formats)


def processor(codename: CpuCodename, *pmus: Pmu, vendor: str = "GenuineIntel") -> Processor:
    """Of four CPUs on four cores."""
    platform = Platform(
        topology={0: {core: (core,) for core in range(4)}},
        cpu_codename=codename,
        cpu_vendor=vendor,
        cpu_model="Some CPU",
        cpu_family=6,
        cpu_model_number=0x55,
    )
    return Processor(platform, pmus)


def resolver(codename: CpuCodename = CpuCodename.SKYLAKE, *pmus: Pmu, **fields: object) -> Resolver:
    return Resolver(processor=processor(codename, *(pmus or (INTEL,))), sys_root="/nowhere", **fields)  # type: ignore[arg-type]
