"""What monitoring with resctrl needs of a machine."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from wca_core.host import Host
from wca_core.model.requirement import Requirement
from wca_core.needs import host_processes
from wca_rdt.resctrl.information import read_information
from wca_rdt.resctrl.mounted import MOUNT, find_mounted, has_monitoring, is_known, why_not_mounted, why_unusable

METRICS = (
    "task_llc_occupancy_bytes, task_mem_bandwidth*_bytes, platform_llc_occupancy_bytes, platform_mem_bandwidth_bytes"
)
BOOT = "a CPU that has it (Intel RDT, AMD QoS, Arm MPAM); on some of Intel's boot with rdt=cmt,mbmtotal,mbmlocal"


def needs(path: str | None, enabled: bool | None) -> list[Requirement]:
    """`path`: where resctrl is mounted, if that is not to be found out; `enabled`: the option `rdt_enabled`."""
    only_with = "rdt_enabled" if enabled is False else ""

    def need(text: str, why_not: Callable[[Host], str | None], cure: str | Callable[[Host], str]) -> Requirement:
        return Requirement(
            need=text,
            is_met=lambda host: why_not(host) is None,
            found=lambda host: why_not(host) or "",
            cure=cure,
            required=enabled is True,
            lost=METRICS,
            only_with=only_with,
        )

    return [
        need("a mounted resctrl that monitors L3 caches", partial(_why_not_monitoring, path), _cure),
        need(
            "the right to make groups in resctrl and to move threads there",
            partial(_why_not_writable, path),
            "run as root (effective uid 0, with CAP_DAC_OVERRIDE), on a mount that is not read-only",
        ),
        host_processes(METRICS, only_with),
    ]


def _why_not_monitoring(path: str | None, host: Host) -> str | None:
    mounted = find_mounted(host, path)
    if mounted is None:
        return why_not_mounted(host)
    if not has_monitoring(mounted.path) or not read_information(mounted.path).events:
        return f"{mounted.path} has no monitoring (info/L3_MON)"
    return None


def _cure(host: Host) -> str:
    return MOUNT if is_known(host) and find_mounted(host) is None else BOOT


def _why_not_writable(path: str | None, host: Host) -> str | None:
    """Nothing is wrong with the rights where there is nothing to write."""
    mounted = find_mounted(host, path)
    return None if mounted is None else why_unusable(mounted.path)
