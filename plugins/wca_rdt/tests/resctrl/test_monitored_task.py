"""Counters of a task that leaves its group and comes into one again."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from wca_rdt.resctrl.groups import MonGroup
from wca_rdt.resctrl.membership import Membership
from wca_rdt.resctrl.monitored_task import MonitoredTask

from plugins.wca_rdt.tests.resctrl.folder import ResctrlFolder
from wca_core.builtin.complaints import Complaints
from wca_core.linux.files import OpenFiles
from wca_core.testing import Machine, make_task

TOTAL = "mbm_total_bytes"


@pytest.fixture
def resctrl(tmp_path: Path) -> ResctrlFolder:
    return ResctrlFolder(Machine(tmp_path))


@pytest.fixture
def state() -> MonitoredTask:
    return MonitoredTask(make_task("/a"), "a", Membership("task a", Complaints(logging.getLogger("wca.test"))))


def counted(state: MonitoredTask, resctrl: ResctrlFolder, total: int, identity: int) -> object:
    """What a task has moved, after a step in which its group said this."""
    resctrl.counters("mon_groups/a", {"mon_L3_00": {TOTAL: total}})
    state.enter(MonGroup("", "a"))
    if not state.is_open:
        state.open(OpenFiles(10), str(resctrl.path / "mon_groups/a/mon_data"), identity, [TOTAL], ())
    state.read()
    return state.counted.of(TOTAL)[0]


def test_in_the_same_group_it_counts_on(state: MonitoredTask, resctrl: ResctrlFolder) -> None:
    before = counted(state, resctrl, 5, identity=1)
    state.leave()

    assert (before, counted(state, resctrl, 7, identity=1)) == (5, 7)


def test_another_group_counts_from_0(state: MonitoredTask, resctrl: ResctrlFolder) -> None:
    counted(state, resctrl, 5, identity=1)
    state.leave()

    assert counted(state, resctrl, 7, identity=2) == 5 + 7


def test_what_was_counted_until_it_left_counts(state: MonitoredTask, resctrl: ResctrlFolder) -> None:
    counted(state, resctrl, 5, identity=1)
    resctrl.counters("mon_groups/a", {"mon_L3_00": {TOTAL: 6}})
    state.leave()

    assert (state.group, state.counted.of(TOTAL)) == (None, {0: 6})
