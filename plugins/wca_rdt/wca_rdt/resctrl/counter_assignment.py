"""Assignable counters (`mbm_event` mode): a group counts bandwidth only while it has counters of the hardware.

New groups get them by themselves while there are any, if `mbm_assign_on_mkdir` says so. Documentation/filesystems/
resctrl.rst of the kernel, "Memory Bandwidth Allocation and monitoring".
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from wca_rdt.resctrl.accumulators import Place
from wca_rdt.resctrl.information import read_by_domain
from wca_rdt.resctrl.values import UNASSIGNED, Reading


def assignment_lines(readings: Mapping[Place, Reading], available: Mapping[int, int]) -> list[str]:
    """What to write so that unassigned events are counted, where counters are free: `mbm_total_bytes:0=e;1=e`.

    Events take free counters in their order, for each domain as long as there are some.
    """
    free = dict(available)
    lines: dict[str, list[str]] = {}
    for (event, domain), reading in sorted(
        readings.items(), key=lambda item: (item[0][1], item[0][0] != "mbm_total_bytes")
    ):
        if reading == UNASSIGNED and free.get(domain, 0) > 0:
            free[domain] -= 1
            lines.setdefault(event, []).append(f"{domain}=e")
    return [f"{event}:{';'.join(domains)}" for event, domains in lines.items()]


def read_available(path: str) -> dict[int, int]:
    """Free counters by domain of the resctrl mounted at `path`; nothing where counters are not assigned."""
    return read_by_domain(f"{path}/info/L3_MON/available_mbm_cntrs")


def assign(directory: str, line: str) -> None:
    """Assign counters to the group of a directory. Raises `OSError`."""
    descriptor = os.open(f"{directory}/mbm_L3_assignments", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, f"{line}\n".encode())
    finally:
        os.close(descriptor)
