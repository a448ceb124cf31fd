"""A fake machine with two tasks, and an agent whose component was written by others, years ago."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wca_core.agent import Agent
from wca_core.configuration import Configured, Request, configured
from wca_core.registration import register_named, registered
from wca_core.testing import Machine

OLDER = Path(__file__).parent / "older"

WEB, BATCH = "older/web", "older/batch"


@contextmanager
def knowing(*components: str) -> Iterator[None]:
    """`module:Class` of the folder `older`, as by `-r`; forgotten at the end."""
    before, modules = dict(registered), set(sys.modules)
    sys.path.insert(0, str(OLDER))
    try:
        for component in components:
            register_named(component)
        yield
    finally:
        sys.path.remove(str(OLDER))
        registered.clear()
        registered.update(before)
        for name in set(sys.modules) - modules:
            if (OLDER / f"{name}.py").exists():
                del sys.modules[name]


def machine_at(folder: Path) -> Machine:
    """Two CPUs, cgroup v2, tasks of 1 and 2 CPU seconds and 1000 and 2000 bytes."""
    machine = Machine(folder / "machine").cpus({0: {0: [0], 1: [1]}})
    machine.file("/proc/meminfo", "MemTotal: 1000 kB\nMemFree: 400 kB\nBuffers: 50 kB\nCached: 50 kB\n")
    machine.file("/proc/stat", "cpu  30 0 0 0 0 0 0 0 0 0\ncpu0 10 0 0 0 0 0 0 0 0 0\ncpu1 20 0 0 0 0 0 0 0 0 0\n")
    for number, path in enumerate((WEB, BATCH), 1):
        files = {
            "cpu.stat": f"usage_usec {number}000000\nuser_usec 0\nsystem_usec 0\n",
            "cpu.max": "max 100000\n",
            "cpu.weight": "100\n",
            "cpuset.cpus": "\n",
            "cpuset.cpus.effective": "0-1\n",
            "memory.current": f"{number}000\n",
            "memory.numa_stat": f"anon N0={number * 4096} N1=8192\nfile N0=0 N1=0\n",
            "cgroup.procs": "",
        }
        machine.cgroup_v2(f"/{path}", files, "cpu cpuset memory io pids")
    return machine


MEASUREMENT = f"""!MeasurementRunner
    node: !StaticNode
      tasks: [{WEB}, {BATCH}]
      default_resources: {{cpus: 1.0, mem: 4000}}
      tasks_labels: {{{BATCH}: {{kind: batch}}}}
    allocation_configuration: !AllocationConfiguration {{cpu_quota_period: 100000}}
    metrics_storage: !LogStorage {{output_filename: FOLDER/metrics, overwrite: true}}"""


def asked_for(folder: Path, text: str) -> Configured:
    """A file in which FOLDER is the folder and MEASUREMENT the measuring part."""
    folder.joinpath("wca.yaml").write_text(text.replace("MEASUREMENT", MEASUREMENT).replace("FOLDER", str(folder)))
    return configured(Request(file=str(folder / "wca.yaml")))


def detecting(detector: str) -> str:
    return f"""
runner: !DetectionRunner
  measurement_runner: MEASUREMENT
  detector: {detector}
  anomalies_storage: !LogStorage {{output_filename: FOLDER/anomalies, overwrite: true}}
"""


def allocating(allocator: str) -> str:
    return f"""
runner: !AllocationRunner
  measurement_runner: MEASUREMENT
  restore_state_file: FOLDER/journal
  allocator: {allocator}
  anomalies_storage: !LogStorage {{output_filename: FOLDER/anomalies, overwrite: true}}
  allocations_storage: !LogStorage {{output_filename: FOLDER/allocations, overwrite: true}}
"""


@contextmanager
def agent_of(folder: Path, text: str) -> Iterator[tuple[Agent, Machine]]:
    """Started, on the fake machine."""
    machine = machine_at(folder)
    agent = asked_for(folder, text).plan().agent(machine.host())
    agent.start()
    try:
        yield agent, machine
    finally:
        agent.stop()


def lines(folder: Path, stream: str, name: str) -> dict[str, float]:
    """Values by labels of a metric as it was stored."""
    found = {}
    for line in (folder / stream).read_text().splitlines():
        if line.startswith((f"{name}{{", f"{name} ")):
            labels, _, rest = line.removeprefix(name).rpartition("}")
            found[labels.lstrip("{")] = float(rest.split()[0])
    return found
