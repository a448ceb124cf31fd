"""Groups whose threads cannot be read: on a resctrl made of files."""

from __future__ import annotations

from pathlib import Path

import pytest
from wca_rdt.resctrl.collector import Rdt

from plugins.wca_rdt.tests.resctrl.folder import PATH, ResctrlFolder, l3, task_cgroup
from wca_core.testing import Machine, Measured, make_task, running


def test_a_control_group_that_cannot_be_read_costs_only_tasks_without_a_group(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    machine = Machine(tmp_path)
    for name, thread in (("/a", 1), ("/b", 3)):
        task_cgroup(machine, name, [thread])
    resctrl = ResctrlFolder(machine).group("mon_groups/a", {"mon_L3_00": l3(6, 4, 1)}, [1])
    (resctrl.control("gold").path / "gold/tasks").write_text("no ids\n")

    with running(machine, [Rdt(resctrl_path=PATH)], [make_task("/b"), make_task("/a")]) as agent:
        agent.step()
        found = Measured(agent.step(), agent.host.statistics)

    assert found.value("task_mem_bandwidth_bytes", "/a") == 6
    assert found.value("wca_rdt_monitoring_missing", "/b") == 1
    assert caplog.text.count("task /b: the threads of a control group cannot be read") == 1
