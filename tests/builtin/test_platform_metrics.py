"""What is measured of the machine as a whole: figures, and what happens when a part of them is missing."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.platforms import CPU, MEMINFO, NODE, STAT, XEON, bare, two_sockets, with_far_memory, with_gaps
from wca_core.builtin.platform.cpu import TICKS
from wca_core.builtin.platform.metrics import PlatformMetrics
from wca_core.model.metric import Value
from wca_core.testing import Machine, Measured, check_plugin, run_step, running


def by_labels(step: Measured, metric: str) -> dict[tuple[str, ...], Value]:
    """The values of a metric by the values of its levels."""
    return {sample.series.level_values: sample.value for sample in step.samples(metric)}


def steps_of(machine: Machine, plugin: PlatformMetrics, *changes: Callable[[], object]) -> list[Measured]:
    """A step, and one more after each change."""
    with running(machine, [plugin]) as agent:
        steps = [Measured(agent.step(), agent.host.statistics)]
        for change in changes:
            change()
            steps.append(Measured(agent.step(), agent.host.statistics))
    return steps


def test_the_machine_is_told_by_its_figures(tmp_path: Path) -> None:
    step = run_step(two_sockets(tmp_path), [PlatformMetrics()])

    values = {name: step.value(name) for name in step.names if name.startswith("platform_topology_")}
    assert values == {
        "platform_topology_sockets": 2,
        "platform_topology_cores": 4,
        "platform_topology_cpus": 8,
        "platform_topology_cpus_offline": 0,
        "platform_topology_numa_nodes": 2,
    }
    assert step.value("platform_last_seen") == 1_700_000_000.0


def test_offline_cpus_are_counted_apart(tmp_path: Path) -> None:
    step = run_step(with_gaps(tmp_path), [PlatformMetrics()])

    assert step.value("platform_topology_cpus") == 3
    assert step.value("platform_topology_cpus_offline") == 1


def test_a_cpu_is_busy_whenever_it_is_not_idle_and_does_not_wait(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path).file("/proc/stat", "cpu0 100 100 100 100 100 100 100 0 0 0\n")

    assert by_labels(run_step(machine, [PlatformMetrics()]), "platform_cpu_usage") == {("0",): 500}


def test_guests_are_not_counted_twice_and_steal_is(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path).file("/proc/stat", "cpu0 1 2 4 8 16 32 64 128 1 2\n")

    assert by_labels(run_step(machine, [PlatformMetrics()]), "platform_cpu_usage") == {
        ("0",): 1 + 2 + 4 + 32 + 64 + 128
    }


def test_time_by_mode_is_left_out_unless_it_is_asked_for(tmp_path: Path) -> None:
    assert "platform_cpu_seconds" not in run_step(two_sockets(tmp_path), [PlatformMetrics()]).names


def test_time_by_mode_has_user_and_nice_without_guests(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path).file("/proc/stat", "cpu0 50 20 4 8 16 32 64 128 30 5\n")

    found = by_labels(run_step(machine, [PlatformMetrics(cpu_modes=True)]), "platform_cpu_seconds")

    ticks = {mode: round(value * TICKS) for (_, mode), value in found.items()}
    assert ticks == {
        "user": 20,
        "nice": 15,
        "system": 4,
        "idle": 8,
        "iowait": 16,
        "irq": 32,
        "softirq": 64,
        "steal": 128,
        "guest": 30,
        "guest_nice": 5,
    }


def test_idle_time_that_falls_by_rounding_stays_where_it_was(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path).file("/proc/stat", "cpu0 0 0 0 90 50\n")
    steps = steps_of(
        machine,
        PlatformMetrics(cpu_modes=True),
        lambda: machine.file("/proc/stat", "cpu0 0 0 0 89 49\n"),
        lambda: machine.file("/proc/stat", "cpu0 0 0 0 91 51\n"),
    )

    idle = [round(TICKS * by_labels(step, "platform_cpu_seconds")["0", "idle"]) for step in steps]
    iowait = [round(TICKS * by_labels(step, "platform_cpu_seconds")["0", "iowait"]) for step in steps]
    assert (idle, iowait) == ([90, 90, 91], [50, 50, 51])


def test_a_cpu_that_goes_offline_has_no_series_and_comes_back(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path)
    steps = steps_of(
        machine,
        PlatformMetrics(cpu_modes=True),
        lambda: machine.file("/proc/stat", "cpu0 1 2 3\n"),
        lambda: machine.file("/proc/stat", STAT),
    )

    cpus = [[*by_labels(step, "platform_cpu_usage")] for step in steps]
    assert cpus == [[("0",), ("1",)], [("0",)], [("0",), ("1",)]]


def test_memory_in_use_is_what_is_not_free_and_no_cache(tmp_path: Path) -> None:
    step = run_step(two_sockets(tmp_path), [PlatformMetrics()])

    assert step.value("platform_mem_usage_bytes") == 6406972 * 1024
    assert step.value("platform_mem_total_bytes") == 32815700 * 1024
    assert step.value("platform_mem_available_bytes") == 25000000 * 1024
    assert step.value("platform_swap_total_bytes") == 2000000 * 1024
    assert step.value("platform_swap_usage_bytes") == 500000 * 1024


def test_memory_in_use_is_never_below_0(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path).file("/proc/meminfo", MEMINFO.replace("6971960", "26971960"))

    assert run_step(machine, [PlatformMetrics()]).value("platform_mem_usage_bytes") == 0


def test_an_old_kernel_that_does_not_tell_available_memory_leaves_out_only_that(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path).file("/proc/meminfo", MEMINFO.replace("MemAvailable", "Other"))

    step = run_step(machine, [PlatformMetrics()])

    assert step.value("platform_mem_available_bytes") is None
    assert step.value("platform_mem_total_bytes") == 32815700 * 1024


def test_memory_of_nodes_whose_numbers_have_gaps(tmp_path: Path) -> None:
    step = run_step(with_gaps(tmp_path), [PlatformMetrics()])

    assert by_labels(step, "platform_mem_numa_total_bytes") == {("0",): 1000 * 1024, ("8",): 1008 * 1024}
    assert by_labels(step, "platform_mem_numa_free_bytes") == {("0",): 600 * 1024, ("8",): 600 * 1024}
    assert by_labels(step, "platform_mem_numa_used_bytes") == {("0",): 400 * 1024, ("8",): 400 * 1024}


def test_far_memory_has_a_tier_a_latency_and_a_bandwidth(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        step = run_step(with_far_memory(tmp_path), [PlatformMetrics()])

    assert by_labels(step, "platform_numa_node_memory_tier") == {("0",): 4, ("1",): 22}
    assert by_labels(step, "platform_numa_node_read_latency_seconds") == {
        ("0",): pytest.approx(110e-9),
        ("1",): pytest.approx(255e-9),
    }
    assert by_labels(step, "platform_numa_node_read_bandwidth_bytes_per_second") == {("0",): 204800e6}
    assert "NUMA nodes 1 have memory and no CPUs; demotion is on" in caplog.text


def test_distances_between_nodes_are_told_when_asked_for(tmp_path: Path) -> None:
    machine = with_gaps(tmp_path)

    assert "platform_numa_distance" not in run_step(machine, [PlatformMetrics()]).names
    found = by_labels(run_step(machine, [PlatformMetrics(numa_topology=True)]), "platform_numa_distance")
    assert found == {("0", "0"): 10, ("0", "8"): 40, ("8", "0"): 40, ("8", "8"): 10}


def test_a_machine_that_tells_only_its_cpus_is_measured_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    step = run_step(bare(tmp_path), [PlatformMetrics()])

    assert step.value("platform_topology_numa_nodes") == 1
    assert step.value("wca_plugin_up", plugin="platform") == 1
    assert {name for name in step.names if name.startswith("platform_")} == {
        *("platform_topology_sockets", "platform_topology_cores", "platform_topology_cpus", "platform_last_seen"),
        *("platform_topology_cpus_offline", "platform_topology_numa_nodes"),
    }
    assert (
        f"platform_cpu_usage and others left out: FileNotFoundError: {tmp_path}/proc/stat: No such file or directory"
        in caplog.text
    )


def test_without_the_online_cpus_the_machine_is_not_measured_and_the_agent_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    step = run_step(Machine(tmp_path), [PlatformMetrics()])

    assert step.value("wca_plugin_up", plugin="platform") == 1
    assert not {name for name in step.names if name.startswith("platform_")}
    assert re.search(r"the machine is not measured: .*cpu/online is missing.*mount -t sysfs", caplog.text)


@pytest.mark.parametrize(
    ("path", "nonsense", "lost", "kept"),
    [
        ("/proc/stat", "cpu0 x\n", "platform_cpu_usage", "platform_mem_usage_bytes"),
        ("/proc/meminfo", "x", "platform_mem_usage_bytes", "platform_cpu_usage"),
        (f"{NODE}/node1/access0/initiators/read_latency", "x", "platform_numa_node_memory_tier", "platform_cpu_usage"),
    ],
)
def test_a_file_that_makes_no_sense_costs_only_its_own_metrics(
    tmp_path: Path, path: str, nonsense: str, lost: str, kept: str
) -> None:
    machine = two_sockets(tmp_path)
    machine.file("/sys/devices/virtual/memory_tiering/memory_tier4/nodelist", "0-1\n").file(path, nonsense)

    step = run_step(machine, [PlatformMetrics()])

    assert lost not in step.names
    assert kept in step.names
    assert step.value("wca_plugin_up", plugin="platform") == 1


def test_a_file_that_makes_no_sense_is_told_once_and_read_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    machine = two_sockets(tmp_path).file("/proc/stat", "cpu0 x\n")
    steps = steps_of(machine, PlatformMetrics(), lambda: None, lambda: machine.file("/proc/stat", STAT))

    assert ["platform_cpu_usage" in step.names for step in steps] == [False, False, True]
    assert caplog.text.count("platform_cpu_usage and others left out: ValueError") == 1


def test_a_node_that_goes_costs_one_step_at_most(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path)
    steps = steps_of(
        machine,
        PlatformMetrics(),
        lambda: machine.file(f"{NODE}/online", "0\n"),
        lambda: machine.file(f"{NODE}/online", "0-1\n"),
    )

    nodes = [[*by_labels(step, "platform_mem_numa_free_bytes")] for step in steps]
    assert nodes == [[("0",), ("1",)], [("0",)], [("0",), ("1",)]]
    assert [step.value("platform_topology_numa_nodes") for step in steps] == [2, 1, 2]


def test_series_stay_the_same_objects_while_nothing_comes_or_goes(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path)
    *steps, third = steps_of(
        machine,
        PlatformMetrics(cpu_modes=True, numa_topology=True),
        lambda: machine.file("/proc/stat", STAT.replace("100", "101")),
        lambda: machine.file(f"{CPU}/online", "0-3\n"),
    )

    first, second = ([one for one in step.step.samples.series if "platform_" in one.name] for step in steps)
    assert [*map(id, first)] == [*map(id, second)]
    assert third.value("platform_topology_cpus") == 4


def test_files_stay_open_within_the_budget_and_are_closed_at_the_end(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path)
    run_step(machine, [PlatformMetrics()])
    before = len(os.listdir("/proc/self/fd"))
    host = machine.host()

    with running(host, [PlatformMetrics()]) as agent:
        agent.step()
        assert host.open_files.count == 6  # lists of CPUs and nodes, stat, meminfo, meminfo of two nodes

    assert host.open_files.count == 0
    assert len(os.listdir("/proc/self/fd")) == before


def test_where_the_user_said_where_the_host_is_nobody_is_warned_of_containers(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path).file("/proc/self/ns/other", "")
    (tmp_path / "proc/self/ns/pid").symlink_to("pid:[4026532000]")

    requirement = next(one for one in PlatformMetrics().requirements() if "container" in one.need)

    assert requirement.is_met(machine.host())
    assert not requirement.required


def test_every_metric_that_is_given_is_described(tmp_path: Path) -> None:
    plugin = PlatformMetrics(cpu_modes=True, numa_topology=True, energy=True, cpu_frequency=True, thermal=True)
    machine = with_far_memory(tmp_path).file("/proc/cpuinfo", XEON).file("/proc/stat", STAT)

    step = run_step(machine, [plugin])

    described = {metric.name for metric in check_plugin(plugin)}
    assert {name for name in step.names if name.startswith("platform_")} <= described
