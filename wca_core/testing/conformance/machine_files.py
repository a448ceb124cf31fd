"""The files of a fake machine, for hooks that read them: CPUs, NUMA nodes, /proc, and cgroups v2 of tasks.

Whatever grows on a real machine grows from step to step.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from wca_core.model.platform import Platform
from wca_core.model.task import Task
from wca_core.testing.machine import Machine

CGROUPS = "/sys/fs/cgroup"
STARTED = 1_700_000_000

PRESSURE = "some avg10=0.10 avg60=0.20 avg300=0.30 total={0}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total={0}\n"

CONTROLS = {
    "cgroup.controllers": "cpuset cpu io memory pids\n",
    "cgroup.events": "populated 1\nfrozen 0\n",
    "cgroup.type": "domain\n",
    "cpu.idle": "0\n",
    "cpu.max": "max 100000\n",
    "cpu.max.burst": "0\n",
    "cpu.weight": "100\n",
    "cpuset.cpus": "\n",
    "cpuset.cpus.effective": "0-3\n",
    "cpuset.mems": "\n",
    "cpuset.mems.effective": "0-1\n",
    "memory.high": "max\n",
    "memory.low": "0\n",
    "memory.max": "max\n",
    "memory.min": "0\n",
    "memory.swap.max": "max\n",
    "pids.max": "max\n",
}


PROCESS = {
    "stat": f"1000 (task) S {' '.join(['0'] * 49)}\n",
    "comm": "task\n",
    "status": "Name:\ttask\nState:\tS (sleeping)\nThreads:\t1\n",
    "schedstat": "1000 10 1\n",
    "sched": "task (1000, #threads: 1)\n---------------------------\n"
    "se.sum_exec_runtime : 12.500000\nse.nr_migrations : 3\nnr_switches : 20\nnr_voluntary_switches : 15\n"
    "nr_involuntary_switches : 5\nnuma_pages_migrated : 7\ntotal_numa_faults : 9\n",
    "cmdline": "task\0",
    "clear_refs": "",
    "smaps": "00400000-00500000 r-xp 00000000 08:01 1 /task\nRss: 1024 kB\nReferenced: 512 kB\n",
}


def new_machine(folder: Path) -> Machine:
    """Four CPUs on two NUMA nodes, with what the kernel tells of the whole machine."""
    machine = Machine(folder).cpus({0: {0: [0], 1: [1]}, 1: {0: [2], 1: [3]}})
    machine.cgroup_v2("/", {}, "cpuset cpu io memory pids")
    for node, cpus in enumerate(("0-1", "2-3")):
        directory = f"/sys/devices/system/node/node{node}"
        machine.file(f"{directory}/cpulist", f"{cpus}\n").file(
            f"{directory}/distance", "10 20\n" if not node else "20 10\n"
        )
        machine.file(f"{directory}/vmstat", "nr_free_pages 1000000\nnuma_hit 1000\nnuma_miss 0\npgmigrate_success 0\n")
        machine.file(f"{directory}/numastat", "numa_hit 1000\nnuma_miss 0\nlocal_node 1000\nother_node 0\n")
        machine.file(f"{directory}/meminfo", f"Node {node} MemTotal: 8000000 kB\nNode {node} MemFree: 4000000 kB\n")
    for name, text in {"online": "0-1", "has_memory": "0-1", "has_cpu": "0-1", "possible": "0-1"}.items():
        machine.file(f"/sys/devices/system/node/{name}", f"{text}\n")
    machine.file("/proc/version", "Linux version 6.8.0\n").file("/proc/swaps", "Filename Type Size Used Priority\n")
    machine.file(
        "/proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nstepping\t: 7\n"
    )
    machine.file("/proc/sys/kernel/osrelease", "6.8.0\n").file("/proc/1/cgroup", "0::/init\n")
    machine.file("/proc/cgroups", "#subsys_name hierarchy num_cgroups enabled\ncpu 0 1 1\nmemory 0 1 1\n")
    grow(machine, 0)
    return machine


def has_cgroups(machine: Machine) -> bool:
    """Whether cgroups v2 are mounted where they usually are."""
    return os.path.exists(f"{machine.root}{CGROUPS}/cgroup.controllers")


def add_cgroup(machine: Machine, task: Task, number: int, step: int) -> None:
    """The cgroups of a task, each with one process, whose pid follows from the number."""
    for path in task.cgroup_paths:
        machine.files(f"{CGROUPS}{path}", {**CONTROLS, **_of_task(number, step)})
    for directory in _process_directories(number):
        machine.files(directory, PROCESS)
    _placed(machine, task, number)


def add_crowd(machine: Machine, tasks: Iterable[tuple[int, Task]]) -> None:
    """The same of very many tasks, which stand still: their files are links to those of one."""
    models = machine.root.parent / "models"
    for name, files in {"cgroup": {**CONTROLS, **_of_task(0, 0)}, "process": PROCESS}.items():
        for file, text in files.items():
            (models / name).mkdir(parents=True, exist_ok=True)
            (models / name / file).write_text(text)
    for number, task in tasks:
        for path in task.cgroup_paths:
            _linked(models / "cgroup", f"{machine.root}{CGROUPS}{path}")
        for directory in _process_directories(number):
            _linked(models / "process", f"{machine.root}{directory}")
        _placed(machine, task, number)


def _linked(model: Path, directory: str) -> None:
    os.makedirs(directory, exist_ok=True)
    for name in os.listdir(model):
        os.link(f"{model}/{name}", f"{directory}/{name}")


def _placed(machine: Machine, task: Task, number: int) -> None:
    """The process of a task is in its cgroups."""
    for path in task.cgroup_paths:
        for name in ("procs", "threads"):
            machine.file(f"{CGROUPS}{path}/cgroup.{name}", f"{_pid(number)}\n")
    machine.file(f"/proc/{_pid(number)}/cgroup", f"0::{task.cgroup_path}\n")


def remove_cgroup(machine: Machine, task: Task) -> None:
    """The cgroups of a task are gone, as they are when its last process has ended."""
    for path in task.cgroup_paths:
        shutil.rmtree(f"{machine.root}{CGROUPS}{path}", ignore_errors=True)


def remove_process(machine: Machine, number: int) -> None:
    """The process of the task that was given this number has ended."""
    shutil.rmtree(f"{machine.root}/proc/{_pid(number)}", ignore_errors=True)


def grow(machine: Machine, step: int) -> None:
    """What counts of the whole machine has counted on."""
    machine.files("/proc", _of_machine(step))


def grow_cgroup(machine: Machine, task: Task, number: int, step: int) -> None:
    """What counts of a task has counted on, if its cgroups are there."""
    for path in task.cgroup_paths:
        if os.path.isdir(f"{machine.root}{CGROUPS}{path}"):
            machine.files(f"{CGROUPS}{path}", _of_task(number, step))


def _pid(number: int) -> int:
    return 1000 + number


def _of_task(number: int, step: int) -> Mapping[str, str]:
    used = 1_000_000 + step * (100_000 + number)
    memory = 50_000_000 + number * 4096
    return {
        "cpu.stat": f"usage_usec {used}\nuser_usec {used // 2}\nsystem_usec {used - used // 2}\n"
        f"nr_periods {step}\nnr_throttled {step // 2}\nthrottled_usec {step * 10}\n",
        "memory.current": f"{memory}\n",
        "memory.peak": f"{memory}\n",
        "memory.swap.current": "0\n",
        "memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n",
        "memory.stat": f"anon {memory // 2}\nfile {memory // 2}\nkernel 65536\nkernel_stack 16384\npagetables 4096\n"
        "percpu 0\nsock 0\nvmalloc 0\nshmem 0\nfile_mapped 0\nfile_dirty 0\nfile_writeback 0\nswapcached 0\n"
        "anon_thp 0\nslab_reclaimable 0\nslab_unreclaimable 0\nslab 0\npgrefill 0\npgactivate 0\npgdeactivate 0\n"
        f"pgfault {used}\npgmajfault {step}\n"
        f"inactive_anon 0\nactive_anon {memory // 2}\ninactive_file 0\nactive_file {memory // 2}\nunevictable 0\n"
        f"workingset_refault_anon 0\nworkingset_refault_file {step}\n",
        "memory.numa_stat": f"anon N0={memory // 2} N1=0\nfile N0={memory // 2} N1=0\n",
        "io.stat": f"8:0 rbytes={used} wbytes={used} rios={step} wios={step} dbytes=0 dios=0\n",
        "pids.current": "1\n",
        **{f"{name}.pressure": PRESSURE.format(used // 100) for name in ("cpu", "memory", "io")},
    }


def _of_machine(step: int) -> Mapping[str, str]:
    busy = 1000 + step * 40
    cpus = "".join(f"cpu{cpu} {busy} 0 {busy} {busy * 2} 0 0 0 0 0 0\n" for cpu in range(4))
    return {
        "stat": f"cpu {4 * busy} 0 {4 * busy} {8 * busy} 0 0 0 0 0 0\n{cpus}intr {busy} 0\nctxt {busy * 100}\n"
        f"btime {STARTED}\nprocesses {busy}\nprocs_running 1\nprocs_blocked 0\n",
        "meminfo": "MemTotal: 16000000 kB\nMemFree: 8000000 kB\nMemAvailable: 12000000 kB\nBuffers: 1000 kB\n"
        "Cached: 2000000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\nDirty: 0 kB\n",
        "vmstat": f"nr_free_pages 2000000\npgfault {busy * 10}\npgmajfault {step}\npswpin 0\npswpout 0\n"
        f"numa_hit {busy}\nnuma_miss 0\npgscan_kswapd {step}\npgsteal_kswapd {step}\npgmigrate_success {step}\n",
        "zoneinfo": f"Node 0, zone   Normal\n  per-node stats\n      nr_inactive_anon 10\n      numa_hit {busy}\n"
        "  pages free     2000000\n        min      1000\n        low      2000\n        high     3000\n"
        f"        spanned  4000000\n        present  4000000\n        managed  3900000\n"
        f"      nr_free_pages 2000000\n      numa_hit {busy}\n",
        "loadavg": "0.50 0.40 0.30 1/100 1234\n",
        "uptime": f"{1000 + step}.00 2000.00\n",
        **{f"pressure/{name}": PRESSURE.format(busy) for name in ("cpu", "memory", "io")},
    }


def _process_directories(number: int) -> tuple[str, str]:
    pid = _pid(number)
    return f"/proc/{pid}", f"/proc/{pid}/task/{pid}"


def platform() -> Platform:
    """What is made of such a machine."""
    topology: Mapping[int, Mapping[int, tuple[int, ...]]] = {0: {0: (0,), 1: (1,)}, 1: {0: (2,), 1: (3,)}}
    return Platform(
        topology=topology,
        node_cpus={0: frozenset((0, 1)), 1: frozenset((2, 3))},
        node_distances={0: {0: 10, 1: 20}, 1: {0: 20, 1: 10}},
        node_has_memory=frozenset((0, 1)),
    )
