"""This machine, compared with what lscpu says of it and with /proc read the plain way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.vm.guest import IS_GUEST
from wca_core.builtin.platform.metrics import PlatformMetrics
from wca_core.host import Host
from wca_core.model.metric import Value
from wca_core.model.platform import Platform
from wca_core.testing import Measured, run_step, running

pytestmark = [
    pytest.mark.vm,
    pytest.mark.skipif(not Path("/sys/devices/system/cpu/online").exists(), reason="no sysfs is mounted here"),
]
needs_lscpu = pytest.mark.skipif(shutil.which("lscpu") is None, reason="lscpu is not installed")

NODES = Path("/sys/devices/system/node")
BUSY = (0, 1, 2, 5, 6, 7)
"""user, nice, system, irq, softirq, steal in a line of /proc/stat"""


@pytest.fixture(scope="module")
def platform() -> Platform:
    return Host().platform


@pytest.fixture(scope="module")
def step() -> Measured:
    return run_step(Host(), [PlatformMetrics(cpu_modes=True, numa_topology=True, cpu_frequency=True, thermal=True)])


def lscpu(*arguments: str) -> str:
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(["lscpu", *arguments], capture_output=True, text=True, check=True, env=environment).stdout


def summary() -> dict[str, str]:
    """What lscpu says, by what it calls it; sections are flattened."""
    found: dict[str, str] = {}
    rest = json.loads(lscpu("-J"))["lscpu"]
    while rest:
        entry = rest.pop()
        found[entry["field"].rstrip(":")] = entry.get("data") or ""
        rest += entry.get("children", [])
    return found


def rows() -> list[tuple[int, int, int, str]]:
    """CPU, core, socket and NUMA node of each online CPU; lscpu numbers cores and sockets in its own way."""
    lines = [line.split(",") for line in lscpu("-p=CPU,CORE,SOCKET,NODE").splitlines() if not line.startswith("#")]
    return [(int(cpu), int(core), int(socket or 0), node) for cpu, core, socket, node in lines]


def ticks() -> dict[str, list[int]]:
    """The lines of /proc/stat by CPU."""
    lines = [line.split() for line in Path("/proc/stat").read_text().splitlines() if line[:3] == "cpu"]
    return {name[3:]: [int(word) for word in words] for name, *words in lines if name != "cpu"}


def sizes(path: Path) -> dict[str, int]:
    """Sizes [bytes] of a meminfo."""
    found = {}
    for line in path.read_text().splitlines():
        key, _, value = line.rpartition(":")
        found[key.split()[-1]] = int(value.split()[0]) * 1024
    return found


def by_levels(step: Measured, metric: str) -> dict[tuple[str, ...], Value]:
    return {sample.series.level_values: sample.value for sample in step.samples(metric)}


def online_nodes() -> Mapping[str, Path]:
    return {path.name.removeprefix("node"): path for path in NODES.glob("node[0-9]*")}


@needs_lscpu
def test_each_cpu_is_in_the_core_and_socket_that_lscpu_says(platform: Platform) -> None:
    cores: dict[tuple[int, int], set[int]] = {}
    for cpu, core, socket, _ in rows():
        cores.setdefault((socket, core), set()).add(cpu)

    found = [set(cpus) for of_socket in platform.topology.values() for cpus in of_socket.values()]
    assert sorted(map(sorted, found)) == sorted(map(sorted, cores.values()))
    sizes_of_sockets = [len(of_socket) for of_socket in platform.topology.values()]
    assert sorted(sizes_of_sockets) == sorted(Counter(socket for socket, _ in cores).values())


@needs_lscpu
def test_each_node_has_the_cpus_that_lscpu_says(platform: Platform) -> None:
    nodes: dict[str, set[int]] = {}
    for cpu, _, _, node in rows():
        nodes.setdefault(node or "0", set()).add(cpu)

    assert {str(node): cpus for node, cpus in platform.node_cpus.items() if cpus} == nodes


@needs_lscpu
def test_the_model_is_the_one_that_lscpu_says(platform: Platform) -> None:
    told = summary()
    if "Vendor ID" not in told or not told.get("Model", "").isdigit():
        pytest.skip("this CPU does not tell its model")

    assert platform.cpu_vendor == told["Vendor ID"]
    assert (platform.cpu_family, platform.cpu_model_number) == (int(told["CPU family"]), int(told["Model"]))
    assert platform.cpu_model == told["Model name"]
    assert platform.arch == told["Architecture"]


@needs_lscpu
def test_the_counts_are_those_of_lscpu(step: Measured) -> None:
    told = summary()

    assert step.value("platform_topology_cpus") == len(rows())
    assert step.value("platform_topology_sockets") == int(told["Socket(s)"])
    assert step.value("platform_topology_cores") == len({(socket, core) for _, core, socket, _ in rows()})
    assert step.value("platform_topology_cpus_offline") == int(told["CPU(s)"]) - len(rows())
    if "NUMA node(s)" in told:
        assert step.value("platform_topology_numa_nodes") == int(told["NUMA node(s)"])


def test_nodes_distances_and_swap_are_those_of_the_kernel(platform: Platform) -> None:
    assert {str(node) for node in platform.node_cpus} == ({*online_nodes()} or {"0"})
    assert [[*row.values()] for row in platform.node_distances.values()] == [
        [int(word) for word in (path / "distance").read_text().split()]
        for _, path in sorted(online_nodes().items(), key=lambda item: int(item[0]))
    ]
    assert platform.swap_enabled == (len(Path("/proc/swaps").read_text().splitlines()) > 1)


def test_a_cpu_has_been_busy_for_a_time_between_two_looks() -> None:
    before = ticks()
    step = run_step(Host(), [PlatformMetrics(cpu_modes=True)])
    after = ticks()

    found = by_levels(step, "platform_cpu_usage")
    assert {cpu for (cpu,) in found} == before.keys() == after.keys()
    for (cpu,), value in found.items():
        low, high = (sum(line[at] for at in BUSY) for line in (before[cpu], after[cpu]))
        assert low <= value <= high
        system = by_levels(step, "platform_cpu_seconds")[cpu, "system"] * os.sysconf("SC_CLK_TCK")
        assert before[cpu][2] <= round(system) <= after[cpu][2]


def test_memory_is_what_the_kernel_says(step: Measured) -> None:
    now = sizes(Path("/proc/meminfo"))

    assert step.value("platform_mem_total_bytes") == now["MemTotal"]
    assert step.value("platform_swap_total_bytes") == now["SwapTotal"]
    used = now["MemTotal"] - now["MemFree"] - now["Buffers"] - now["Cached"]
    assert step.value("platform_mem_usage_bytes") == pytest.approx(used, abs=0.05 * now["MemTotal"])
    assert step.value("platform_mem_available_bytes") == pytest.approx(now["MemAvailable"], abs=0.05 * now["MemTotal"])


def test_memory_of_each_node_is_what_the_kernel_says(step: Measured) -> None:
    for node, path in online_nodes().items():
        now = sizes(path / "meminfo")
        total = step.value("platform_mem_numa_total_bytes", numa_node=node)
        free = step.value("platform_mem_numa_free_bytes", numa_node=node)
        used = step.value("platform_mem_numa_used_bytes", numa_node=node)

        assert total == now["MemTotal"]
        assert free == pytest.approx(now["MemFree"], abs=0.1 * now["MemTotal"])
        assert (free or 0) + (used or 0) == total


def test_distances_are_those_of_the_kernel(step: Measured) -> None:
    found = by_levels(step, "platform_numa_distance")

    assert len(found) == len(online_nodes()) ** 2
    assert all(found[node, node] == 10 for node in online_nodes())
    assert all(distance >= 10 for distance in found.values())


def test_each_cpu_has_a_plausible_frequency_or_none(step: Measured) -> None:
    assert all(1e8 <= value <= 1e10 for value in by_levels(step, "platform_cpu_frequency_hertz").values())


@pytest.mark.skipif(not IS_GUEST, reason="switches a CPU off: only inside the virtual machine (python -m tests.vm)")
def test_a_cpu_that_is_switched_off_is_left_out_until_it_is_back() -> None:
    switch = Path("/sys/devices/system/cpu/cpu3/online")
    cpus, offline = [], []
    with running(Host(), [PlatformMetrics(cpu_modes=True, numa_topology=True, cpu_frequency=True)]) as agent:
        for state in ("1", "0", "1"):
            if switch.read_text().strip() != state:
                switch.write_text(state)
            step = Measured(agent.step(), agent.host.statistics)
            cpus.append(len(by_levels(step, "platform_cpu_usage")))
            offline.append(step.value("platform_topology_cpus_offline"))
            assert step.value("platform_topology_cpus") == cpus[-1]

    assert cpus == [cpus[0], cpus[0] - 1, cpus[0]]
    assert offline == [0, 1, 0]


def test_nothing_failed(step: Measured) -> None:
    assert step.value("wca_plugin_up", plugin="platform") == 1
