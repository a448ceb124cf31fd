"""Cache and memory bandwidth allocation and monitoring: Documentation/filesystems/resctrl.rst of the kernel.

What the CPU has stands among the flags of `/proc/cpuinfo` (x86), what is in use in `info` of the mounted file system.
"""

from __future__ import annotations

from collections.abc import Mapping

FLAGS = {
    "cat_l3": "L3 allocation",
    "cat_l2": "L2 allocation",
    "cdp_l3": "L3 code and data apart",
    "mba": "memory bandwidth allocation",
    "cqm_occup_llc": "LLC occupancy",
    "cqm_mbm_total": "total memory bandwidth",
    "cqm_mbm_local": "local memory bandwidth",
}
"""What flags of a CPU mean."""


def parse_flags(cpuinfo: Mapping[str, str]) -> tuple[str, ...]:
    """Those of `FLAGS` that a CPU has, of the fields of `/proc/cpuinfo`."""
    found = frozenset(cpuinfo.get("flags", "").split())
    return tuple(flag for flag in FLAGS if flag in found)
