"""The kinds of uncore PMUs. A PMU belongs to a kind by the whole of its name.

The beginning is not enough: `uncore_imc_free_running_0` begins like a memory controller `uncore_imc_0`, but has other
events. Of a unit that a machine has only one of, Intel's driver leaves the number out. See
Documentation/admin-guide/perf of the kernel and `uncore_get_pmu_name` of arch/x86/events/intel/uncore.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from wca_rdt.perf.pmu import Pmu

_INTEL = ("imc", "imc_free_running", "upi", "qpi", "cha", "cbox", "m2m", "m3upi", "iio", "pcu", "mchbm")

PATTERNS = {
    **{f"uncore_{unit}": rf"uncore_{unit}(_\d+)?" for unit in _INTEL},
    "amd_df": r"amd_df",
    "amd_l3": r"amd_l3",
    "amd_umc": r"amd_umc_\d+",
    "cxl_pmu": r"cxl_pmu_mem\d+\.\d+",
    "arm_cmn": r"arm_cmn_\d+",
    "arm_dmc620": r"arm_dmc620_\w+",
    "nvidia_scf_pmu": r"nvidia_scf_pmu_\d+",
}
"""What the whole name must be, by kind."""

FREE_RUNNING = "uncore_imc_free_running"


def pmus_of(kind: str, names: Iterable[str]) -> list[str]:
    """Those of a kind among the names of all PMUs, by number; a name that is no kind means that PMU alone."""
    pattern = PATTERNS.get(kind, re.escape(kind))
    found = [name for name in names if re.fullmatch(pattern, name, re.ASCII)]
    return sorted(found, key=lambda name: [int(number) for number in re.findall(r"\d+", name)])


def is_known(kind: str) -> bool:
    """Whether it is a kind, or the name that a PMU of a kind would have: this machine may lack it."""
    return kind in PATTERNS or any(re.fullmatch(pattern, kind, re.ASCII) for pattern in PATTERNS.values())


def kind_of(name: str) -> str:
    """The kind of a PMU; its name if it is of none."""
    return next((kind for kind, pattern in PATTERNS.items() if re.fullmatch(pattern, name, re.ASCII)), name)


def counters_at_once(pmu: Pmu) -> int | None:
    """Of AMD's PMUs, whose driver long took groups of any size and then never counted those that are too large.

    None: the kernel refuses such a group. Numbers of arch/x86/events/amd/uncore.c; the data fabric has more counters
    where its events have more bits (PerfMonV2).
    """
    kind = kind_of(pmu.name)
    if kind == "amd_df":
        return 16 if "32-37" in pmu.formats.get("event", "") else 4
    return {"amd_l3": 6, "amd_umc": 4}.get(kind)


def is_client_controller(pmu: Pmu) -> bool:
    """Whether it is the memory controller of a client older than Tiger Lake, which has events of its own."""
    return pmu.name == "uncore_imc" and "data_reads" in pmu.aliases


def always_counts(pmu: Pmu) -> bool:
    """Whether its counters are fixed to their events and cannot be stopped: none of them groups with another."""
    return is_client_controller(pmu) or kind_of(pmu.name) == FREE_RUNNING
