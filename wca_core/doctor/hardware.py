"""Facts about the kernel and the hardware under it."""

from __future__ import annotations

import os

from wca_core.doctor.fact import Fact
from wca_core.host import Host
from wca_core.linux.clock import is_synchronised, read_clocksource
from wca_core.linux.kernel import parse_version, read_filesystems, read_release, read_setting
from wca_core.linux.mounts import read_mounts
from wca_core.linux.pressure import RESOURCES
from wca_core.linux.procfs import read_architecture, read_cpuinfo, read_meminfo
from wca_core.linux.resctrl import FLAGS, parse_flags
from wca_core.needs import PRESSURE_CURE, why_unreadable

RECOMMENDED = (5, 8)
"""The first kernel with CAP_PERFMON."""

SLOW_CLOCKS = frozenset({"hpet", "acpi_pm", "jiffies", "refined-jiffies", "pit"})
"""That the kernel asks a device for, or that tick only: a reading costs a microsecond, or is coarse."""

KERNEL_SUPPORT = "a kernel built with CONFIG_X86_CPU_RESCTRL=y (boot with rdt=cmt,mbmtotal,mbmlocal,l3cat,mba)"


def kernel(host: Host) -> Fact:
    release = read_release(host.proc)
    is_recent = parse_version(release) >= RECOMMENDED
    return Fact(
        topic="kernel",
        text=f"Linux {release}, {read_architecture(host.proc)}",
        is_good=is_recent,
        advice="" if is_recent else "Linux 5.8 or newer",
        gain="" if is_recent else "perf events with CAP_PERFMON alone",
        values={"release": release, "architecture": read_architecture(host.proc)},
    )


def cpu(host: Host) -> Fact:
    platform = host.platform
    name = platform.cpu_model or "unknown model"
    return Fact(
        topic="cpu",
        text=f"{name} ({platform.cpu_codename}): {_count(platform.sockets, 'socket')}, "
        f"{_count(platform.cores, 'core')}, {_count(platform.cpus, 'CPU')} online",
        values={
            "model": platform.cpu_model,
            "codename": str(platform.cpu_codename),
            "sockets": platform.sockets,
            "cores": platform.cores,
            "cpus": platform.cpus,
        },
    )


def numa(host: Host) -> Fact:
    nodes, balancing = host.platform.numa_nodes, read_setting(host.proc, "kernel.numa_balancing")
    words = {None: "the kernel has no balancing", 0: "balancing is off"}.get(balancing, "balancing is on")
    return Fact(
        topic="numa",
        text=_count(nodes, "node") + (f", {words}" if nodes > 1 else ""),
        values={"nodes": nodes, "balancing": balancing},
    )


def swap(host: Host) -> Fact:
    sizes = read_meminfo(host.proc, ("SwapTotal", "SwapFree"))
    total = sizes.get("SwapTotal", 0)
    used = total - sizes.get("SwapFree", 0)
    text = f"{used / 2**30:.1f} of {total / 2**30:.1f} GiB used" if total else "none"
    return Fact(topic="swap", text=text, values={"total_bytes": total, "used_bytes": used})


def clock(host: Host) -> Fact:
    source, is_right = read_clocksource(host.sys), is_synchronised()
    is_slow = source in SLOW_CLOCKS
    words = {None: "not known if synchronised", True: "synchronised", False: "not synchronised"}[is_right]
    advice, gain = "", ""
    if is_right is False:
        advice, gain = (
            "systemctl enable --now systemd-timesyncd",
            "times that agree with other hosts' (chronyd does it too)",
        )
    elif is_slow:
        advice, gain = "boot with tsc=reliable, if the CPUs' counters are", "cheaper steps: each reading asks a device"
    return Fact(
        topic="clock",
        text=f"{source or 'source not told'}{', slow' if is_slow else ''}, {words}",
        is_good=None if is_right is None and not is_slow else bool(is_right) and not is_slow,
        advice=advice,
        gain=gain,
        values={"source": source, "synchronised": is_right},
    )


def pressure(host: Host) -> Fact:
    there = [name for name in RESOURCES if why_unreadable(f"{host.proc}/pressure/{name}") is None]
    return Fact(
        topic="pressure",
        text=f"of {', '.join(there)}" if there else "the kernel tells of none",
        is_good=bool(there),
        advice="" if there else PRESSURE_CURE,
        gain="" if there else "platform_pressure_*, task_pressure_*",
        values={"resources": there},
    )


def resctrl(host: Host) -> Fact:
    """| CPU has it | kernel knows it | mounted | told |
    |---|---|---|---|
    | any | yes | yes | where |
    | any | yes | no | mount it |
    | yes | no | | build or boot the kernel for it |
    | no | no | | nothing to do |
    """
    flags = parse_flags(read_cpuinfo(host.proc))
    points = [mount.point for mount in read_mounts(host.root, host.proc) if mount.filesystem == "resctrl"]
    is_known = "resctrl" in read_filesystems(host.proc)
    text, is_good, advice = "this CPU does not have it, as far as the kernel tells", None, ""
    if points:
        text, is_good = f"mounted at {points[0]}", True
    elif is_known and (flags or _is_arm(host)):
        text, is_good, advice = "not mounted", False, "mount -t resctrl resctrl /sys/fs/resctrl"
    elif flags:
        text, is_good, advice = "this CPU has it, the kernel does not", False, KERNEL_SUPPORT
    has = f"; the CPU has {', '.join(FLAGS[flag] for flag in flags)}" if flags else ""
    return Fact(
        topic="resctrl",
        text=text + has,
        is_good=is_good,
        advice=advice,
        gain="cache occupancy and memory bandwidth of tasks, and their allocation" if advice else "",
        values={"cpu_flags": list(flags), "in_kernel": is_known, "mounted_at": points[0] if points else None},
    )


def _is_arm(host: Host) -> bool:
    """There the kernel offers it (MPAM) without a flag of the CPU."""
    return os.path.isdir(f"{host.sys}/devices/system/cpu/cpu0/regs/identification")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
