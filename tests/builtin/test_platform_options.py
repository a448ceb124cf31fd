"""Energy, frequency and heat: what is measured when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.platforms import CPU, XEON, two_sockets
from wca_core.builtin.platform.metrics import PlatformMetrics
from wca_core.model.metric import Value
from wca_core.testing import Machine, Measured, run_step, running

POWER = "/sys/class/powercap"
Look = Callable[[str], dict[tuple[str, ...], Value]]


@contextmanager
def looking(machine: Machine, plugin: PlatformMetrics) -> Iterator[Look]:
    """A started agent; each look is a step."""
    with running(machine, [plugin]) as agent:

        def look(metric: str) -> dict[tuple[str, ...], Value]:
            step = Measured(agent.step(), agent.host.statistics)
            return {sample.series.level_values: sample.value for sample in step.samples(metric)}

        yield look


def zone(machine: Machine, name: str, title: str, energy: int) -> Machine:
    machine.file(f"{POWER}/{name}/name", f"{title}\n").file(f"{POWER}/{name}/energy_uj", f"{energy}\n")
    return machine.file(f"{POWER}/{name}/max_energy_range_uj", "9999999\n")


def test_energy_starts_at_0_and_goes_on_behind_the_end_of_its_counter(tmp_path: Path) -> None:
    machine = zone(two_sockets(tmp_path), "intel-rapl:0", "package-0", 9_000_000)
    with looking(machine, PlatformMetrics(energy=True)) as look:
        assert look("platform_energy_joules") == {("0", "package"): 0.0}

        zone(machine, "intel-rapl:0", "package-0", 9_500_000)
        assert look("platform_energy_joules") == {("0", "package"): 0.5}

        zone(machine, "intel-rapl:0", "package-0", 500_000)
        assert look("platform_energy_joules") == {("0", "package"): 1.5}


def test_dies_of_a_socket_are_added_up(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path)
    with looking(machine, PlatformMetrics(energy=True)) as look:
        for energy in (0, 1_000_000):
            zone(machine, "intel-rapl:0", "package-0-die-0", energy)
            zone(machine, "intel-rapl:0:0", "dram", energy)
            zone(machine, "intel-rapl:1", "package-0-die-1", 2 * energy)
            zone(machine, "intel-rapl:2", "psys", 5 * energy)
            found = look("platform_energy_joules")

    assert found == {("0", "package"): 3.0, ("0", "dram"): 1.0, ("all", "psys"): 5.0}


def test_energy_is_kept_when_cpus_come_or_go(tmp_path: Path) -> None:
    machine = zone(two_sockets(tmp_path), "intel-rapl:0", "package-0", 0)
    with looking(machine, PlatformMetrics(energy=True)) as look:
        look("platform_energy_joules")
        zone(machine, "intel-rapl:0", "package-0", 2_000_000).file(f"{CPU}/online", "0-3\n")

        assert look("platform_energy_joules") == {("0", "package"): 2.0}


def test_a_machine_without_counters_of_energy_tells_none(tmp_path: Path) -> None:
    step = run_step(two_sockets(tmp_path), [PlatformMetrics(energy=True)])

    assert "platform_energy_joules" not in step.names


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_energy_that_only_root_may_read_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    machine = zone(two_sockets(tmp_path), "intel-rapl:0", "package-0", 0)
    (tmp_path / POWER.lstrip("/") / "intel-rapl:0/energy_uj").chmod(0)
    with looking(machine, PlatformMetrics(energy=True)) as look:
        assert look("platform_energy_joules") == look("platform_energy_joules") == {}

    assert caplog.text.count("energy_uj: Permission denied (run as root)") == 1


def test_energy_that_is_read_too_seldom_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    machine = zone(two_sockets(tmp_path), "intel-rapl:0", "package-0", 0)
    with looking(machine, PlatformMetrics(energy=True)) as look:
        for seconds in (0, 30, 31, 60):
            machine.clock.advance(seconds)
            look("platform_energy_joules")

    assert caplog.text.count("platform_energy_joules may be too low") == 1


def test_the_frequency_of_each_cpu_that_tells_it(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path)
    machine.file(f"{CPU}/cpu0/cpufreq/scaling_cur_freq", "1200000\n")
    machine.file(f"{CPU}/cpu1/cpufreq/scaling_cur_freq", "<unknown>\n")
    machine.file(f"{CPU}/cpu9/cpufreq/scaling_cur_freq", "800000\n")  # not online

    with looking(machine, PlatformMetrics(cpu_frequency=True)) as look:
        assert look("platform_cpu_frequency_hertz") == {("0",): 1_200_000_000}


def test_without_cpufreq_cpuinfo_tells_the_frequency(tmp_path: Path) -> None:
    with looking(two_sockets(tmp_path), PlatformMetrics(cpu_frequency=True)) as look:
        assert "cpu MHz" in XEON
        assert look("platform_cpu_frequency_hertz") == {("0",): pytest.approx(2600.123e6), ("1",): 1.2e9}


def throttled(machine: Machine, cpu: int, core: int, package: int) -> None:
    for scope, count in (("core", core), ("package", package)):
        machine.file(f"{CPU}/cpu{cpu}/thermal_throttle/{scope}_throttle_count", f"{count}\n")
        machine.file(f"{CPU}/cpu{cpu}/thermal_throttle/{scope}_throttle_total_time_ms", f"{count * 1500}\n")


def test_each_core_and_each_socket_is_counted_once(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path)
    for cpu in range(8):
        throttled(machine, cpu, core=1 if cpu < 4 else 100, package=7)

    with looking(machine, PlatformMetrics(thermal=True)) as look:
        assert look("platform_thermal_throttle_events") == {
            ("0", "core"): 2,
            ("0", "package"): 7,
            ("1", "core"): 2,
            ("1", "package"): 7,
        }
        assert look("platform_thermal_throttle_seconds")["0", "core"] == 3.0


def test_what_a_core_counted_before_it_went_offline_stays(tmp_path: Path) -> None:
    machine = two_sockets(tmp_path)
    for cpu in range(8):
        throttled(machine, cpu, core=10, package=7)

    with looking(machine, PlatformMetrics(thermal=True)) as look:
        assert look("platform_thermal_throttle_events")["0", "core"] == 20
        machine.file(f"{CPU}/online", "0,2-4,6-7\n")  # without 1 and 5, a core
        throttled(machine, 0, core=11, package=7)
        assert look("platform_thermal_throttle_events")["0", "core"] == 21


def test_a_machine_that_does_not_count_heat_tells_none(tmp_path: Path) -> None:
    step = run_step(two_sockets(tmp_path), [PlatformMetrics(thermal=True)])

    assert not {name for name in step.names if "thermal" in name}
    assert step.value("wca_plugin_up", plugin="platform") == 1
