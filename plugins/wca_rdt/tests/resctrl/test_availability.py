"""`rdt_enabled` and whether there is a resctrl: on a machine made of files."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from wca_rdt.resctrl.collector import Rdt
from wca_rdt.resctrl.mounted import find_mounted

from plugins.wca_rdt.tests.resctrl.folder import PATH, ResctrlFolder, l3, task_cgroup
from wca_core.errors import StartError
from wca_core.readiness import State, examined
from wca_core.testing import Machine, check_plugin, make_task, run_step, running

TASK = make_task("/a")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path).file("/proc/filesystems", "nodev\ttmpfs\nnodev\tresctrl\n")
    task_cgroup(machine, "/a", [1])
    return machine


@pytest.fixture
def resctrl(machine: Machine) -> ResctrlFolder:
    return ResctrlFolder(machine).group("mon_groups/a", {"mon_L3_00": l3(3, 2, 1)}, [1])


def test_a_mounted_resctrl_is_used(machine: Machine, resctrl: ResctrlFolder) -> None:
    resctrl.mounted()

    step = run_step(machine, [Rdt()], [TASK])

    assert step.value("task_mem_bandwidth_bytes", "/a") == 3


def test_the_options_of_the_mount_are_known(machine: Machine, resctrl: ResctrlFolder) -> None:
    resctrl.mounted("rw,cdp,mba_MBps")

    found = find_mounted(machine.host())

    assert found is not None
    assert {"cdp", "mba_MBps"} <= found.options


def test_without_it_the_rest_goes_on_and_that_is_said_once(machine: Machine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "wca.rdt")

    with running(machine, [Rdt()], [TASK]) as agent:
        names = {sample.name for _ in range(3) for sample in agent.step().samples}

    told = [record.getMessage() for record in caplog.records if record.name == "wca.rdt"]
    assert not any("mem_bandwidth" in name for name in names)
    assert len(told) == 1
    assert "resctrl is not mounted (mount -t resctrl" in told[0]


def test_who_insists_is_told_that_it_is_not_mounted(machine: Machine) -> None:
    with pytest.raises(StartError, match=r"rdt cannot start: .*is not mounted"):
        run_step(machine, [Rdt(rdt_enabled=True)], [TASK])


def test_who_insists_is_told_that_it_does_not_monitor(machine: Machine) -> None:
    ResctrlFolder(machine, features="").mounted()

    with pytest.raises(StartError, match="has no monitoring"):
        run_step(machine, [Rdt(rdt_enabled=True)], [TASK])


def test_mounts_that_cannot_be_read_are_told_and_end_only_who_insists(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    (machine.root / "proc/self/mountinfo").unlink()
    (machine.root / "proc/self/mountinfo").mkdir()

    with pytest.raises(StartError, match="mountinfo"):
        run_step(machine, [Rdt(rdt_enabled=True)], [TASK])
    step = run_step(machine, [Rdt()], [TASK])

    assert "task_mem_bandwidth_bytes" not in step.names
    assert "are not measured: " in caplog.text


def test_who_does_not_want_it_does_not_get_it(machine: Machine, resctrl: ResctrlFolder) -> None:
    resctrl.mounted()

    step = run_step(machine, [Rdt(rdt_enabled=False)], [TASK])

    assert not any("mem_bandwidth" in name or "resctrl" in name for name in step.names)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything in a folder")
def test_without_the_right_to_write_it_is_off(
    machine: Machine, resctrl: ResctrlFolder, caplog: pytest.LogCaptureFixture
) -> None:
    resctrl.mounted().path.joinpath("mon_groups").chmod(0o555)

    step = run_step(machine, [Rdt()], [TASK])

    assert "task_mem_bandwidth_bytes" not in step.names
    assert "may not be written" in caplog.text


def test_a_place_may_be_given_whatever_is_mounted_there(machine: Machine, resctrl: ResctrlFolder) -> None:
    step = run_step(machine, [Rdt(resctrl_path=PATH, rdt_enabled=True)], [TASK])

    assert step.value("task_llc_occupancy_bytes", "/a") == 1


def test_needs_are_met_where_it_is_mounted(machine: Machine, resctrl: ResctrlFolder) -> None:
    resctrl.mounted()

    found = [examined(need, machine.host()).state for need in Rdt().requirements()]

    assert found[:2] == [State.MET, State.MET]


def test_the_doctor_tells_to_mount_it(machine: Machine) -> None:
    finding = examined(Rdt().requirements()[0], machine.host())

    assert (finding.state, finding.cure) == (State.MISSING, "mount -t resctrl resctrl /sys/fs/resctrl")


def test_the_doctor_does_not_tell_to_mount_what_the_kernel_does_not_have(tmp_path: Path) -> None:
    finding = examined(Rdt().requirements()[0], Machine(tmp_path).file("/proc/filesystems", "nodev\ttmpfs\n").host())

    assert (finding.state, finding.cure.startswith("a CPU that has it")) == (State.MISSING, True)


@pytest.mark.parametrize("per_domain", [False, True])
def test_all_metrics_are_described(machine: Machine, resctrl: ResctrlFolder, *, per_domain: bool) -> None:
    plugin = Rdt(resctrl_path=PATH, resctrl_per_domain=per_domain)
    described = {metric.name: metric.levels for metric in check_plugin(plugin)}
    resctrl.counters("", {"mon_L3_00": l3(3, 2, 1)})

    step = run_step(machine, [plugin], [TASK])

    found = {name for name in step.names if "resctrl" in name or "rdt" in name or "llc" in name or "bandwidth" in name}
    assert len(found) == 9
    assert found <= set(described)
    assert described["task_mem_bandwidth_bytes"] == (("l3_domain",) if per_domain else ())
