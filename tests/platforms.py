"""Machines of many kinds, made of files: what their kernels tell about CPUs, NUMA nodes and memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from wca_core.testing import Machine

CPU = "/sys/devices/system/cpu"
NODE = "/sys/devices/system/node"

XEON = """\
processor	: 0
vendor_id	: GenuineIntel
cpu family	: 6
model		: 85
model name	: Intel(R) Xeon(R) Gold 6240Y CPU @ 2.60GHz: rev 7
stepping	: 7
cpu MHz		: 2600.123
power management:

processor	: 1
vendor_id	: GenuineIntel
cpu family	: 6
model		: 143
cpu MHz		: 1200.000
"""
EPYC = """\
processor	: 0
vendor_id	: AuthenticAMD
cpu family	: 25
model		: 17
model name	: AMD EPYC 9654 96-Core Processor
stepping	: 1
"""
NEOVERSE = """\
processor	: 0
BogoMIPS	: 243.75
Features	: fp asimd evtstrm
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x3
CPU part	: 0xd0c
CPU revision	: 1
"""
MEMINFO = """\
MemTotal:       32815700 kB
MemFree:        18245956 kB
MemAvailable:   25000000 kB
Buffers:         1190812 kB
Cached:          6971960 kB
SwapCached:            7 kB
SwapTotal:       2000000 kB
SwapFree:        1500000 kB
HugePages_Total:       3
"""
STAT = """\
cpu  200 200 200 200 200 200 200 0 0 0
cpu0 100 100 100 100 100 100 100 0 0 0
cpu1 1 2 4 8 16 32 64 128 0 1
intr 881640 0 0 1
ctxt 1293000
btime 1795253959
"""


def two_sockets(folder: Path) -> Machine:
    """Two sockets of two cores of two CPUs; on each the cores have the same ids. Two NUMA nodes."""
    machine = Machine(folder).cpus({0: {0: [0, 4], 1: [1, 5]}, 1: {0: [2, 6], 1: [3, 7]}})
    machine.file("/proc/cpuinfo", XEON).file("/proc/meminfo", MEMINFO).file("/proc/stat", STAT)
    machine.file("/proc/sys/kernel/arch", "x86_64\n")
    return nodes(machine, {0: "0-1,4-5", 1: "2-3,6-7"}, [[10, 21], [21, 10]])


def with_gaps(folder: Path) -> Machine:
    """One socket, CPU 3 switched off, NUMA nodes 0 and 8 as on POWER."""
    machine = Machine(folder).cpus({0: {0: [0], 4: [1], 8: [2]}})
    machine.file(f"{CPU}/present", "0-3\n").file("/proc/cpuinfo", XEON)
    return nodes(machine, {0: "0-1", 8: "2-3"}, [[10, 40], [40, 10]])


def with_far_memory(folder: Path) -> Machine:
    """One socket and a node of CXL memory without CPUs, in a slower tier."""
    machine = Machine(folder).cpus({0: {0: [0], 1: [1]}})
    nodes(machine, {0: "0-1", 1: "\n"}, [[10, 14], [14, 10]])
    for tier, members in {4: "0", 22: "1"}.items():
        machine.file(f"/sys/devices/virtual/memory_tiering/memory_tier{tier}/nodelist", f"{members}\n")
    for access, latency in {"access0": 90, "access1": 110}.items():
        machine.file(f"{NODE}/node0/{access}/initiators/read_latency", f"{latency}\n")
    machine.file(f"{NODE}/node0/access1/initiators/read_bandwidth", "204800\n")
    machine.file(f"{NODE}/node1/access0/initiators/read_latency", "255\n")
    machine.file(f"{NODE}/node1/access0/initiators/read_bandwidth", "0\n")
    return machine.file("/sys/kernel/mm/numa/demotion_enabled", "true\n")


def amd(folder: Path) -> Machine:
    """One socket of two dies whose cores have the same ids."""
    machine = Machine(folder).cpus({0: {0: [0, 2], 1: [1, 3]}})
    for cpu in range(4):
        machine.file(f"{CPU}/cpu{cpu}/topology/core_id", "0\n")
    return machine.file("/proc/cpuinfo", EPYC)


def arm(folder: Path) -> Machine:
    """No model name, no package, and an identification register."""
    machine = Machine(folder).file("/proc/cpuinfo", NEOVERSE).file(f"{CPU}/online", "0-3\n")
    for cpu, core_id in enumerate((0, 1, 256, 257)):
        machine.file(f"{CPU}/cpu{cpu}/topology/physical_package_id", "-1\n")
        machine.file(f"{CPU}/cpu{cpu}/topology/core_id", f"{core_id}\n")
        machine.file(f"{CPU}/cpu{cpu}/topology/thread_siblings_list", f"{cpu}\n")
        machine.file(f"{CPU}/cpu{cpu}/regs/identification/midr_el1", "0x00000000413fd0c1\n")
    return machine.file("/proc/sys/kernel/arch", "aarch64\n")


def bare(folder: Path) -> Machine:
    """A virtual machine that tells which CPUs are online, and nothing more."""
    return Machine(folder).file(f"{CPU}/online", "0-1\n")


def nodes(machine: Machine, cpus: Mapping[int, str], distances: Sequence[Sequence[int]]) -> Machine:
    """NUMA nodes with their CPUs and distances, and memory of 1000 kB and their number."""
    machine.file(f"{NODE}/online", ",".join(map(str, cpus)) + "\n")
    machine.file(f"{NODE}/has_memory", ",".join(map(str, cpus)) + "\n")
    for (node, members), row in zip(cpus.items(), distances, strict=True):
        machine.file(f"{NODE}/node{node}/cpulist", members)
        machine.file(f"{NODE}/node{node}/distance", " ".join(map(str, row)) + "\n")
        machine.file(
            f"{NODE}/node{node}/meminfo",
            f"Node {node} MemTotal: {1000 + node} kB\nNode {node} MemFree: 600 kB\nNode {node} MemUsed: 400 kB\n",
        )
    return machine
