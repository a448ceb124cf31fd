"""Machines made of files for `wca doctor`: what their kernels mount, offer and permit."""

from __future__ import annotations

from pathlib import Path

from tests.platforms import EPYC, MEMINFO
from wca_core.linux.namespaces import INITIAL
from wca_core.testing import Machine

KNOWN = ("cpuset", "cpu", "cpuacct", "blkio", "memory", "pids")
V2 = "cpuset cpu io memory pids"
TOP = "/sys/fs/cgroup"
STALLS = "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
RDT_FLAGS = "fpu cat_l3 mba cqm_occup_llc cqm_mbm_total cqm_mbm_local"


def complete(folder: Path) -> Machine:
    """A bare v2 host where nothing is missing, seen by root; tasks in /sys/fs/cgroup/system.slice."""
    machine = Machine(folder)
    privileged(machine).cpus({0: {0: [0], 1: [1]}})
    machine.cgroup_v2("/system.slice/a.service", {"cgroup.procs": "7\n", "cpu.pressure": STALLS}, V2)
    machine.file(f"{TOP}/system.slice/cgroup.procs", "").file(f"{TOP}/system.slice/cpu.pressure", STALLS)
    machine.file(f"{TOP}/cgroup.procs", "1\n")
    for name in ("cpu", "memory", "io"):
        machine.file(f"/proc/pressure/{name}", STALLS)
    kernel(machine)
    namespaces(machine)
    return machine


def on_v1(folder: Path, *mounted: str) -> Machine:
    """A host with these controllers of v1 and no v2."""
    machine = Machine(folder)
    machine.cgroup_v1("/a", {name: {"cgroup.procs": "7\n"} for name in mounted})
    for name in mounted:
        machine.file(f"{TOP}/{name}/cgroup.procs", "1\n")
    privileged(machine)
    kernel(machine)
    namespaces(machine)
    return machine


def kernel(machine: Machine, *, release: str = "6.1.0-18-amd64", disabled: str = "") -> Machine:
    """What a common kernel says of itself."""
    rows = [f"{name}\t0\t9\t{int(name != disabled)}\n" for name in KNOWN]
    machine.file("/proc/cgroups", "".join(["#subsys_name\thierarchy\tnum_cgroups\tenabled\n", *rows]))
    machine.file("/proc/sys/kernel/osrelease", f"{release}\n").file("/proc/sys/kernel/perf_event_paranoid", "2\n")
    machine.file("/proc/filesystems", "nodev\tproc\nnodev\tresctrl\n").file("/proc/cpuinfo", EPYC)
    machine.file("/proc/meminfo", MEMINFO).file("/proc/locks", "")
    for name in ("vmstat", "zoneinfo", "1/stat", "self/smaps", "self/sched"):
        machine.file(f"/proc/{name}", "0\n")
    machine.file("/sys/devices/system/node/online", "0\n")
    return limit(machine, 500_000)


def limit(machine: Machine, open_files: int) -> Machine:
    """A hard limit of open files."""
    return machine.file("/proc/self/limits", f"Max open files            1024    {open_files}    files\n")


def privileged(machine: Machine, mask: int = (1 << 41) - 1, *, bounding: int = (1 << 41) - 1) -> Machine:
    """What this process may do there."""
    return machine.file("/proc/self/status", f"CapEff:\t{mask:016x}\nCapBnd:\t{bounding:016x}\nSeccomp:\t0\n")


def namespaces(machine: Machine, *own: str) -> Machine:
    """This process is in the machine's namespaces but for these."""
    machine.file("/proc/self/ns/mnt", "")
    for kind, initial in INITIAL.items():
        link = machine.root / "proc/self/ns" / kind
        link.unlink(missing_ok=True)
        link.symlink_to(f"{kind}:[{4026532999 if kind in own else initial}]")
    return machine


def mounted(machine: Machine, line: str) -> Machine:
    """One more mount: `POINT OPTIONS - FILESYSTEM SOURCE SUPER_OPTIONS`."""
    table = machine.root / "proc/self/mountinfo"
    table.write_text(f"{table.read_text()}90 1 0:90 / {line}\n")
    return machine
