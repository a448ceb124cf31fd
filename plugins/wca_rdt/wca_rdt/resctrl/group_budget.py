"""Which task has a monitoring group, where, and what happens when there are not enough of them.

A task belongs to a control group:

| there is a group of its name | in |
|---|---|
| in one control group | that one: so a decision of an earlier run is kept |
| in several | the one with its threads, else the first; the others are removed |
| in none | the control group that most of its threads are in, the root unless somebody moved them |

Groups that are neither ours nor named after a task are never touched.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TypeAlias

from wca_core.builtin.complaints import Complaints
from wca_core.errors import HostError
from wca_core.processes import Ids
from wca_rdt.resctrl.groups import ROOT, MonGroup
from wca_rdt.resctrl.information import Information
from wca_rdt.resctrl.monitored_task import MonitoredTask
from wca_rdt.resctrl.rotation import Rotation
from wca_rdt.resctrl.sight import Sight

log = logging.getLogger("wca.rdt")

FORBIDDEN = frozenset({errno.EPERM, errno.EACCES, errno.EROFS})
NO_ROOM = frozenset({errno.ENOSPC, errno.EBUSY})

Wanted: TypeAlias = Mapping[str, tuple[MonitoredTask, Ids]]
"""Tasks and their threads, by task id."""


class ForbiddenError(HostError):
    """Groups may not be made: nothing can be measured in this run."""


class GroupBudget:
    """The groups of all tasks."""

    def __init__(self, information: Information, rotation_steps: int, complaints: Complaints) -> None:
        self._information = information
        self._rotation = Rotation(rotation_steps)
        self._complaints = complaints
        self._no_room = ""
        """Why there are no more groups, in words."""

    def settle(self, wanted: Wanted, sight: Sight) -> None:
        """Give groups to those that have none, as far as there are any. Raises `ForbiddenError`."""
        self._rotation.begin_step()
        for task_id, (state, threads) in wanted.items():
            if state.group is None or state.group not in sight.groups:
                self._look_for(task_id, state, threads, sight)
        full = self._serve(wanted, sight)
        if full and self._release_one(wanted, full, sight):
            self._serve(wanted, sight)

    def lose(self, state: MonitoredTask) -> None:
        """Its group was removed by somebody else; it gets one again in the next step."""
        state.leave()
        self._rotation.wait(state.task.task_id)

    def follow(self, state: MonitoredTask, control: str, sight: Sight) -> None:
        """Take its group to where somebody moved its threads. Raises `ForbiddenError`, `OSError`."""
        old, new = state.group, MonGroup(control, state.name)
        assert old is not None
        log.info("task %s: somebody moved it to %s", state.task.task_id, control or "the root")
        try:
            sight.resctrl.transfer(old, control)
        except OSError:  # an older kernel: what is counted begins again in a new group
            self.lose(state)
            sight.resctrl.remove(old)
            self._make(state, new, sight)
        else:
            state.enter(new)

    def forget(self, task_id: str) -> None:
        """A task is gone."""
        self._rotation.forget(task_id)

    def _look_for(self, task_id: str, state: MonitoredTask, threads: Ids, sight: Sight) -> None:
        found = self._only_holder(state.name, threads, sight)
        if found is not None and self._make(state, found, sight) == 0:  # it is there, and becomes ours
            return
        if state.group is not None:
            log.warning("task %s: group %s was removed by somebody else", task_id, state.group.name)
        self.lose(state)

    def _only_holder(self, name: str, threads: Ids, sight: Sight) -> MonGroup | None:
        holders = sight.holders(name)
        if len(holders) < 2:
            return holders[0] if holders else None
        kept = next((group for group in holders if not threads.isdisjoint(_threads(group, sight))), holders[0])
        for group in holders:
            if group != kept:
                log.warning("group %s is in %s too: removed there", name, group.control or "the root")
                with suppress(OSError):  # tried again in the next step
                    sight.resctrl.remove(group)
        return kept

    def _serve(self, wanted: Wanted, sight: Sight) -> set[str]:
        """Make groups for those that wait; the control groups in which there was no room for all."""
        full: set[str] = set()
        for task_id in self._rotation.waiting:
            if task_id in wanted:
                state, threads = wanted[task_id]
                control = self._home(state, threads, sight)
                if control in full:
                    self._tell_no_room(task_id)
                elif control is not None and self._make(state, MonGroup(control, state.name), sight) in NO_ROOM:
                    full.add(control)
        return full

    def _home(self, state: MonitoredTask, threads: Ids, sight: Sight) -> str | None:
        """Where it belongs; None if that cannot be told in this step."""
        try:
            return sight.home(threads) if sight.controls else ROOT
        except (OSError, ValueError) as error:
            state.errors += 1
            message = f"task {state.task.task_id}: the threads of a control group cannot be read: {error}"
            self._complaints.tell(logging.WARNING, "no home", state.task.task_id, message)
            return None

    def _make(self, state: MonitoredTask, group: MonGroup, sight: Sight) -> int:
        """Why it cannot be made, an errno; 0 if it could. Raises `ForbiddenError`."""
        try:
            sight.resctrl.make(group)
        except OSError as error:
            number = error.errno or 0
            if number in FORBIDDEN:
                raise ForbiddenError(f"{sight.resctrl.directory(group)}: cannot be made: {error.strerror}") from error
            if number == errno.ENOENT and group.control != ROOT:  # its control group was just removed
                return self._make(state, MonGroup(ROOT, group.name), sight)
            self._tell_refusal(state, group, error, sight)
            return number
        state.enter(group)
        self._rotation.hold(state.task.task_id)
        return 0

    def _release_one(self, wanted: Wanted, full: set[str], sight: Sight) -> bool:
        """Let one task hand its group over, if it is time.

        Where groups run out though the hardware tells more apart, as with MPAM, each control group has a limit of its
        own, so only a group of the same one helps.
        """
        limit = self._information.num_rmids
        is_limit_of_all = limit is None or len(sight.resctrl.groups()) >= limit

        def may(task_id: str) -> bool:
            group = wanted[task_id][0].group if task_id in wanted else None
            if group is None or sight.resctrl.is_own_control(group.control):  # there it is the record of a decision
                return False
            return is_limit_of_all or group.control in full

        task_id = self._rotation.hand_over(may)
        if task_id is None:
            return False
        state, _ = wanted[task_id]
        group = state.group
        assert group is not None
        state.leave()
        with suppress(OSError):  # what is not freed is not given to the next
            sight.resctrl.remove(group)
        log.debug("task %s hands over its group", task_id)
        return True

    def _tell_refusal(self, state: MonitoredTask, group: MonGroup, error: OSError, sight: Sight) -> None:
        task_id, told = state.task.task_id, sight.resctrl.last_status()
        if error.errno in NO_ROOM:
            limit, used = self._information.num_rmids, len(sight.resctrl.groups())
            self._no_room = (
                f"there are no more ({error.strerror}: {told}; {used} groups, "
                f"RMIDs: {'not told' if limit is None else limit}): {self._advice(error)}"
            )
            self._tell_no_room(task_id)
        else:
            state.errors += 1
            message = f"{sight.resctrl.directory(group)}: cannot be made: {error.strerror} ({told})"
            self._complaints.tell(logging.ERROR, "not made", task_id, message)

    def _tell_no_room(self, task_id: str) -> None:
        message = f"task {task_id} has no monitoring group, {self._no_room}"
        self._complaints.tell(logging.ERROR, "no room", task_id, message)

    def _advice(self, error: OSError) -> str:
        if error.errno == errno.ENOSPC:
            return "it waits for its turn"
        threshold = self._information.max_threshold_occupancy
        return (
            "those removed last still have lines in the cache; "
            f"a larger info/L3_MON/max_threshold_occupancy than {threshold} frees them sooner"
        )


def _threads(group: MonGroup, sight: Sight) -> Iterable[int]:
    with suppress(OSError, ValueError):
        return sight.resctrl.threads(group)
    return ()
