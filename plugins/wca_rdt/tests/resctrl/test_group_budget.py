"""Who has a group, whatever tasks come and go: on folders of which there may be only so many."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.resctrl.group_budget import GroupBudget
from wca_rdt.resctrl.groups import MonGroup, Resctrl
from wca_rdt.resctrl.information import Information
from wca_rdt.resctrl.membership import Membership
from wca_rdt.resctrl.monitored_task import MonitoredTask
from wca_rdt.resctrl.sight import Sight

from wca_core.builtin.complaints import Complaints
from wca_core.testing import make_task

COMPLAINTS = Complaints(logging.getLogger("wca.test"))
FOREIGN = MonGroup("", "foreign")


class Limited(Resctrl):
    """As many groups as the hardware tells apart, with the root."""

    def __init__(self, path: str, limit: int) -> None:
        super().__init__(path)
        self._limit = limit

    def make(self, group: MonGroup) -> None:
        if group not in self.groups() and len(self.groups()) >= self._limit:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().make(group)


class Tasks:
    """Tasks that come and go, and their groups."""

    def __init__(self, folder: str, limit: int, rotation_steps: int) -> None:
        (Path(folder) / "mon_groups").mkdir()
        self.resctrl = Limited(folder, limit)
        self.resctrl.make(FOREIGN)
        self.budget = GroupBudget(Information(num_rmids=limit), rotation_steps, COMPLAINTS)
        self.states: dict[str, MonitoredTask] = {}

    def step(self, present: frozenset[str]) -> None:
        for gone in self.states.keys() - present:
            state = self.states.pop(gone)
            if state.group is not None:
                self.resctrl.remove(state.group)
            self.budget.forget(gone)
        for new in sorted(present - self.states.keys()):
            self.states[new] = MonitoredTask(make_task(new), new.strip("/"), Membership(new, COMPLAINTS))
        wanted = {task_id: (state, frozenset[int]()) for task_id, state in self.states.items()}
        self.budget.settle(wanted, Sight(self.resctrl))

    @property
    def groups(self) -> list[str]:
        """The names of the groups that tasks have."""
        return sorted(state.group.name for state in self.states.values() if state.group is not None)


PRESENT = st.frozensets(st.sampled_from([f"/{name}" for name in "abcdef"]))


@given(steps=st.lists(PRESENT, max_size=15), limit=st.integers(2, 7), rotation=st.integers(0, 3))
def test_groups_are_those_of_tasks_and_of_others_and_none_is_idle(
    steps: list[frozenset[str]], limit: int, rotation: int
) -> None:
    with TemporaryDirectory() as folder:
        tasks = Tasks(folder, limit, rotation)
        for present in steps:
            tasks.step(present)

            assert sorted(group.name for group in tasks.resctrl.groups()) == sorted([*tasks.groups, FOREIGN.name])
            assert len(tasks.groups) == min(len(present), limit - 2)


@given(count=st.integers(1, 6), limit=st.integers(3, 5), rotation=st.integers(1, 3))
def test_every_task_is_measured_in_time(count: int, limit: int, rotation: int) -> None:
    present = frozenset(f"/{number}" for number in range(count))
    seen: set[str] = set()
    with TemporaryDirectory() as folder:
        tasks = Tasks(folder, limit, rotation)
        for _ in range(1 + count * rotation):
            tasks.step(present)
            seen.update(tasks.groups)

    assert seen == {path.strip("/") for path in present}
