"""Machines that the virtual machine is not: what the emulator makes of AMD, Arm, and of what is missing.

Made from the kernel's documentation and code; no kernel confirms these rows.
"""

import errno
import os
import subprocess
import time
from pathlib import Path

import pytest

from plugins.wca_rdt.tests.conftest import MountResctrl
from plugins.wca_rdt.tests.resctrl.emulator.hardware import ALLOCATION_ONLY, AMD, MONITORING_ONLY, MPAM
from plugins.wca_rdt.tests.resctrl.given import refusal, threads, write
from plugins.wca_rdt.tests.resctrl.mounts.emulated import EmulatedResctrl
from plugins.wca_rdt.tests.resctrl.mounts.interface import ResctrlMount
from tests.vm.guest import IS_GUEST

pytestmark = pytest.mark.skipif(IS_GUEST, reason="the emulator is for machines without resctrl")


def test_amd_has_bandwidth_in_eighths_and_masks_with_holes(mount_resctrl: MountResctrl) -> None:
    resctrl = mount_resctrl(hardware=AMD)

    write(resctrl.path / "schemata", "L3:0=f0f\nMB:7=16\n")

    bandwidth, masks = (resctrl.path / "schemata").read_text().splitlines()
    assert bandwidth.strip() == "MB:" + ";".join(f"{domain}=2048" for domain in range(7)) + ";7=  16"
    assert masks.strip().startswith("L3:0=0f0f;1=ffff")


def test_amd_tells_which_events_can_be_configured(mount_resctrl: MountResctrl) -> None:
    monitoring = mount_resctrl(hardware=AMD).path / "info" / "L3_MON"

    assert "mbm_total_bytes_config" in (monitoring / "mon_features").read_text().split()
    assert (monitoring / "mbm_local_bytes_config").read_text().startswith("0=0x15;1=0x15;")


def test_arm_runs_out_of_monitors_in_each_control_group_by_itself(mount_resctrl: MountResctrl) -> None:
    resctrl = mount_resctrl(hardware=MPAM)
    (resctrl.path / "a").mkdir()
    (resctrl.path / "a" / "mon_groups" / "m").mkdir()

    assert refusal(resctrl, (resctrl.path / "a" / "mon_groups" / "n").mkdir) == (errno.ENOSPC, "Out of RMIDs")
    (resctrl.path / "mon_groups" / "n").mkdir()
    assert sorted(path.name for path in (resctrl.path / "mon_data").iterdir()) == ["mon_L3_01", "mon_L3_04"]
    assert not (resctrl.path / "mon_data" / "mon_L3_01" / "mbm_local_bytes").exists()


def test_where_nothing_is_allocated_there_are_only_monitoring_groups(mount_resctrl: MountResctrl) -> None:
    resctrl = mount_resctrl(hardware=MONITORING_ONLY)

    assert refusal(resctrl, (resctrl.path / "a").mkdir)[0] == errno.EPERM
    assert not (resctrl.path / "schemata").exists()
    (resctrl.path / "mon_groups" / "a").mkdir()


def test_where_nothing_is_monitored_there_are_only_control_groups(mount_resctrl: MountResctrl) -> None:
    resctrl = mount_resctrl(hardware=ALLOCATION_ONLY)

    (resctrl.path / "a").mkdir()

    assert not (resctrl.path / "info" / "L3_MON").exists()
    assert not (resctrl.path / "a" / "mon_data").exists()


def test_its_type_says_that_it_is_an_emulator(resctrl: ResctrlMount) -> None:
    lines = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]

    assert [kind for _, where, kind, *_ in lines if where == str(resctrl.path)] == ["fuse.resctrl"]


def test_a_child_is_in_the_group_that_its_parent_had(resctrl: ResctrlMount) -> None:
    group = resctrl.path / "a"
    group.mkdir()
    script = "read go; sleep 1000 & echo $!; wait"
    pipe = subprocess.PIPE
    with subprocess.Popen(["sh", "-c", script], stdin=pipe, stdout=pipe, text=True) as shell:
        assert shell.stdin
        assert shell.stdout
        write(group / "tasks", str(shell.pid))
        time.sleep(3 / os.sysconf("SC_CLK_TCK"))  # children are told from elders by clock ticks
        shell.stdin.write("go\n")
        shell.stdin.flush()
        child = int(shell.stdout.readline())

        assert {shell.pid, child} <= threads(group)

        os.kill(child, 9)
        shell.kill()


def test_it_leaves_nothing_behind_even_while_a_file_is_open(resctrl: EmulatedResctrl) -> None:
    with (resctrl.path / "tasks").open() as opened:
        resctrl.close()

        assert not list(resctrl.path.iterdir())
        with pytest.raises(OSError, match=r"not connected|No such device"):
            opened.read()
