"""resctrl of AMD, of Arm and of newer kernels, as trees of files that were made from the kernel's documentation."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest
from wca_rdt.resctrl.collector import Rdt
from wca_rdt.resctrl.information import BandwidthControl, CacheControl, read_information

from plugins.wca_rdt.tests.resctrl.folder import PATH, task_cgroup
from wca_core.testing import Machine, Measured, make_task, running

LAYOUTS = Path(__file__).parent / "layouts"
OURS = "mon_groups/a"


def laid_out(tmp_path: Path, name: str) -> Machine:
    """A machine with this tree, and a task whose two threads are in the group `a`."""
    machine = Machine(tmp_path)
    task_cgroup(machine, "/a", [11, 12])
    (tmp_path / "sys/fs/resctrl/mon_groups").mkdir(parents=True)
    for line in (LAYOUTS / f"{name}.txt").read_text().splitlines():
        path, _, text = line.partition(": ")
        machine.file(f"{PATH}/{path}", text.replace(r"\n", "\n") + "\n")
    return machine


def measured(machine: Machine, steps: int = 1, **options: object) -> Measured:
    plugin = Rdt(resctrl_path=PATH, **options)  # type: ignore[arg-type]
    with running(machine, [plugin], [make_task("/a")]) as agent:
        for _ in range(steps):
            step = agent.step()
        return Measured(step, agent.host.statistics)


def test_each_cache_of_amd_counts_once(tmp_path: Path) -> None:
    found = measured(laid_out(tmp_path, "amd_bmec"))

    assert found.value("task_mem_bandwidth_bytes", "/a") == 910
    assert found.value("task_mem_bandwidth_remote_bytes", "/a") == 400
    assert found.value("task_llc_occupancy_bytes", "/a") == 150
    assert found.value("platform_mem_bandwidth_bytes", l3_domain="9") == 100


def test_what_amd_was_configured_to_count_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "wca.rdt")

    measured(laid_out(tmp_path, "amd_bmec"))

    assert "mbm_total_bytes counts what it was configured to: 8=0x33" in caplog.text
    assert "mbm_local_bytes counts" not in caplog.text


def test_the_controls_of_amd_are_known(tmp_path: Path) -> None:
    laid_out(tmp_path, "amd_bmec")

    found = read_information(str(tmp_path / PATH.strip("/")))

    assert found.caches == {"L3": CacheControl(cbm_mask=0xFFFF, sparse_masks=True)}
    assert found.bandwidths == dict.fromkeys(["MB", "SMBA"], BandwidthControl(min_bandwidth=0, delay_linear=0))


def test_free_counters_are_assigned_where_they_are_missing(tmp_path: Path) -> None:
    machine = laid_out(tmp_path, "amd_assignable_counters")
    machine.file(f"{PATH}/info/L3_MON/available_mbm_cntrs", "0=1;1=1;8=0;9=0\n")

    found = measured(machine)

    written = (tmp_path / PATH.strip("/") / OURS / "mbm_L3_assignments").read_text()
    assert written.startswith("mbm_total_bytes:0=e;1=e\n")
    assert found.value("task_mem_bandwidth_bytes", "/a") is None
    assert found.value("task_llc_occupancy_bytes", "/a") == 400
    assert found.value("task_measurement_errors", "/a", source="resctrl") == 0


def test_counters_are_not_assigned_if_that_is_not_wanted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    machine = laid_out(tmp_path, "amd_assignable_counters")
    file = tmp_path / PATH.strip("/") / OURS / "mbm_L3_assignments"
    before = file.read_text()

    measured(machine, steps=3, resctrl_assign_counters=False)

    assert file.read_text() == before
    assert len(re.findall("no counters are assigned to its group", caplog.text)) == 1


def test_who_gets_no_counter_is_told_the_limit(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    machine = laid_out(tmp_path, "amd_assignable_counters")
    machine.file(f"{PATH}/info/L3_MON/available_mbm_cntrs", "0=0;1=0;8=0;9=0\n")

    measured(machine, steps=3)

    assert caplog.text.count("there are no free counters (info/L3_MON/num_mbm_cntrs)") == 1


def test_arm_tells_total_bandwidth_of_ids_with_gaps(tmp_path: Path) -> None:
    found = measured(laid_out(tmp_path, "arm_mpam"), resctrl_per_domain=True)

    assert found.value("task_mem_bandwidth_bytes", "/a", l3_domain="65") == 300
    assert found.value("task_llc_occupancy_bytes", "/a", l3_domain="1") == 128
    assert not {"task_mem_bandwidth_local_bytes", "task_mem_bandwidth_remote_bytes"} & found.names


def test_parts_of_a_cache_are_not_counted_again(tmp_path: Path) -> None:
    found = measured(laid_out(tmp_path, "intel_sub_numa_telemetry"))

    assert found.value("task_mem_bandwidth_bytes", "/a") == 6000
    assert found.value("task_llc_occupancy_bytes", "/a") == 600


def test_packages_count_energy(tmp_path: Path) -> None:
    machine = laid_out(tmp_path, "intel_sub_numa_telemetry")

    few = measured(machine)

    assert few.value("task_resctrl_core_energy_joules", "/a") == 25.0
    assert few.value("task_resctrl_stalls_llc_hit", "/a") is None
    assert few.value("platform_resctrl_num_rmids") == 96
