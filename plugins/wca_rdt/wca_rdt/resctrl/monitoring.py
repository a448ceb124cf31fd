"""One step of monitoring: every task in its group, then what was counted."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence

from wca_core.builtin.complaints import Complaints
from wca_core.errors import CgroupGone, HostError
from wca_core.host import Host
from wca_core.model.metric import Block, Sample
from wca_core.model.task import Task
from wca_core.per_task import PerTask
from wca_core.processes import Ids, ProcessLists
from wca_rdt.resctrl.descriptions import task_metrics
from wca_rdt.resctrl.group_budget import ForbiddenError, GroupBudget, Wanted
from wca_rdt.resctrl.groups import ROOT, MonGroup, Resctrl
from wca_rdt.resctrl.housekeeping import Housekeeping
from wca_rdt.resctrl.information import Information
from wca_rdt.resctrl.membership import GroupLost, Membership, MovedAway
from wca_rdt.resctrl.monitored_task import MonitoredTask
from wca_rdt.resctrl.names import free_name
from wca_rdt.resctrl.options import Options
from wca_rdt.resctrl.platform_view import PlatformView
from wca_rdt.resctrl.reader import Reader
from wca_rdt.resctrl.sight import Sight

log = logging.getLogger("wca.rdt")

CHECKS = 32
"""A step: tasks without new threads whose groups are looked into all the same, since somebody may have moved threads.

The kernel walks over all threads of the machine for each `tasks` file that is read.
"""


class Monitoring:
    """All tasks of one host in one mounted resctrl."""

    def __init__(self, host: Host, resctrl: Resctrl, information: Information, options: Options) -> None:
        self._host = host
        self._resctrl = resctrl
        self._options = options
        self._complaints = Complaints(log)
        self._housekeeping = Housekeeping(resctrl, self._complaints, removes_foreign=options.remove_foreign_groups)
        self._budget = GroupBudget(information, options.rotation_steps, self._complaints)
        self._reader = Reader(host.open_files, information, options, self._complaints)
        self._platform = PlatformView(host.open_files, information)
        self._names: dict[str, MonitoredTask] = {}
        self._states = PerTask(self._made, change=self._changed, close=self._forget)
        self._step = 0

    def step(self, tasks: Sequence[Task]) -> Iterator[Block | Sample]:
        """Sync, then measure. Raises `HostError` if resctrl is not there any more, or groups may not be made."""
        self._step += 1
        states = self._states.of(tasks, self._host.known_tasks)
        sight = self._seen()
        wanted, gone = self._wanted(states)
        self._budget.settle(wanted, sight)
        self._bring_in(wanted, sight)
        if self._reader.notice_domains(self._resctrl.path):
            self._close_files()
        metrics = task_metrics(per_domain=self._options.per_domain)
        for state in states:
            if state.task.task_id not in gone:
                self._reader.read(state, sight)
                yield state.block(metrics, self._reader.telemetry, per_domain=self._options.per_domain)
        yield from self._of_platform(sight)

    @property
    def states(self) -> Mapping[str, MonitoredTask]:
        """By task id: where each task is, and what its group is called."""
        return {state.task.task_id: state for state in self._names.values()}

    def stop(self) -> None:
        """Close files and, unless told otherwise, remove the groups."""
        self._close_files()
        if self._options.cleanup_on_exit:
            self._housekeeping.leave([state.group for state in self._names.values() if state.group is not None])

    def _seen(self) -> Sight:
        try:
            sight = Sight(self._resctrl)
            return Sight(self._resctrl) if self._housekeeping.tidy(sight, self._names) else sight
        except OSError as error:
            self._close_files()  # one that stays open keeps the kernel from mounting it again
            raise HostError(f"resctrl is not at {self._resctrl.path} any more: {error.strerror}") from error

    def _wanted(self, states: Sequence[MonitoredTask]) -> tuple[Wanted, set[str]]:
        """The threads of tasks, and the ids of those tasks that have no cgroup any more."""
        wanted: dict[str, tuple[MonitoredTask, Ids]] = {}
        gone: set[str] = set()
        for state in states:
            task = state.task
            try:
                wanted[task.task_id] = state, self._host.processes.threads(task)
            except CgroupGone:
                gone.add(task.task_id)
            except HostError as error:
                self._fail(state, str(error))
        return wanted, gone

    def _bring_in(self, wanted: Wanted, sight: Sight) -> None:
        turns = -(-len(wanted) // CHECKS)
        leavers: list[tuple[MonitoredTask, set[int]]] = []
        for number, (state, threads) in enumerate(wanted.values()):
            is_turn = not turns or (number + self._step) % turns == 0
            if state.group is None or (threads == state.settled and not is_turn):
                continue
            if left := self._bring_in_one(state, threads, sight):
                leavers.append((state, left))
        if leavers:
            self._release(leavers, wanted, sight)

    def _bring_in_one(self, state: MonitoredTask, threads: Ids, sight: Sight) -> set[int]:
        """The threads in its group that are not its own any more."""
        state.settled = None
        try:
            try:
                left = self._members(state, threads, sight)
            except MovedAway as away:
                self._budget.follow(state, away.control, sight)
                left = self._members(state, threads, sight)
            state.settled = threads
            return left
        except (GroupLost, MovedAway) as error:
            self._complaints.tell(logging.WARNING, "lost", state.task.task_id, f"task {state.task.task_id}: {error}")
            self._budget.lose(state)
        except ForbiddenError:
            raise
        except CgroupGone:
            log.debug("task %s ended while its threads were moved", state.task.task_id)
        except (HostError, OSError, ValueError) as error:
            self._fail(state, f"its threads cannot be moved: {error}")
        return set()

    def _members(self, state: MonitoredTask, threads: Ids, sight: Sight) -> set[int]:
        if state.group is None:
            return set()
        return state.membership.bring_in(state.group, threads, sight, lambda: self._threads_again(state.task))

    def _threads_again(self, task: Task) -> Ids:
        """Not those of the beginning of the step."""
        return ProcessLists(self._host.proc, lambda: self._host.hierarchies).threads(task)

    def _release(self, leavers: list[tuple[MonitoredTask, set[int]]], wanted: Wanted, sight: Sight) -> None:
        """Those that another task has taken over by now are in its group already."""
        measured: set[int] = set()
        for state, threads in wanted.values():
            if state.group is not None:
                measured |= threads
        for state, gone in leavers:
            group = state.group
            if group is not None and (left := gone - measured):
                home = ROOT if self._resctrl.is_own_control(group.control) else group.control
                try:
                    state.membership.release(group, left, home, sight)
                except (GroupLost, OSError) as error:
                    self._fail(state, f"threads that left it cannot be moved: {error}")

    def _of_platform(self, sight: Sight) -> list[Sample]:
        try:
            return list(self._platform.samples(sight))
        except OSError as error:
            message = f"{self._resctrl.path}/mon_data: cannot be read: {error.strerror}"
            self._complaints.tell(logging.WARNING, "platform", "platform", message)
            return []

    def _close_files(self) -> None:
        self._platform.close()
        for state in self._names.values():
            state.close()

    def _made(self, task: Task) -> MonitoredTask:
        name = free_name(task.cgroup_path, self._names)
        self._names[name] = state = MonitoredTask(task, name, Membership(f"task {task.task_id}", self._complaints))
        return state

    def _changed(self, state: MonitoredTask, task: Task) -> MonitoredTask:
        if task.cgroup_path != state.task.cgroup_path:
            self._forget(state)
            state.name = free_name(task.cgroup_path, self._names)
            self._names[state.name] = state
        return state.of_changed(task)

    def _forget(self, state: MonitoredTask) -> None:
        group: MonGroup | None = state.group
        state.leave()
        self._names.pop(state.name, None)
        self._budget.forget(state.task.task_id)
        if group is not None:
            self._housekeeping.remove(group)

    def _fail(self, state: MonitoredTask, message: str) -> None:
        state.errors += 1
        self._complaints.tell(logging.WARNING, "failed", state.task.task_id, f"task {state.task.task_id}: {message}")
