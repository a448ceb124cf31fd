"""Moving the pages of tasks, process by process, for no longer than a budget allows in one step.

What is left when the time is over is done in later steps: `left` says whose. A system call that runs is not broken off:
one large process may take longer than the whole budget.
"""

from __future__ import annotations

import errno
import logging
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from wca_core.audit import errno_name
from wca_core.builtin.complaints import Complaints
from wca_core.errors import CgroupGone
from wca_core.host import Host
from wca_core.model.task import Task
from wca_numa.pages import migrate_pages
from wca_numa.process_memory import ProcessMemory, read_memory

log = logging.getLogger("wca.numa")

Move: TypeAlias = Callable[[int, Collection[int], int, int], int]
"""See `pages.migrate_pages`."""

HUGE_SHARE = 0.1
"""Of huge pages in a task's memory, from which on it is told that they may stay."""


@dataclass(frozen=True, slots=True)
class Way:
    """From where to where pages go."""

    sources: frozenset[int]
    target: int
    highest: int
    """The highest number of a node of this machine."""


@dataclass(slots=True)
class _Begun:
    """A task some of whose processes wait for a later step."""

    target: int
    done: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Round:
    """One step."""

    waiting: set[str]
    """Tasks that were left from earlier steps and have not had their turn in this one."""
    started: float | None = None
    """When the first process was moved [steady seconds]."""


class Migration:
    """Moves pages step after step."""

    def __init__(self, budget: float, move: Move = migrate_pages) -> None:
        """`budget`: seconds in one step; at least one process is moved in each."""
        self.has_begun = False
        """Whether any pages were ever to be moved."""
        self.failed = 0
        """Pages that could not be moved."""
        self.errors: Counter[str] = Counter()
        """Processes that the kernel refused, by name of the errno."""
        self._budget = budget
        self._move = move
        self._left: dict[str, _Begun] = {}
        self._complaints = Complaints(log)

    @property
    def left(self) -> Mapping[str, int]:
        """The tasks of which not all processes were moved yet, and where to, by task id."""
        return {task_id: begun.target for task_id, begun in self._left.items()}

    def forget_all_but(self, task_ids: Container[str]) -> None:
        """Tasks that are gone."""
        if self._left:
            self._left = {task_id: begun for task_id, begun in self._left.items() if task_id in task_ids}

    def round(self, task_ids: Iterable[str]) -> Round:
        """A new step in which the pages of these tasks are to be moved."""
        return Round({task_id for task_id in task_ids if task_id in self._left})

    def move(self, task: Task, way: Way, host: Host, turn: Round) -> None:
        """Move what the processes of a task have on other nodes, as far as there is time. Raises `HostError`.

        Nobody begins anew before those had their turn that were left from earlier steps.
        """
        self.has_begun = True
        begun = self._left.get(task.task_id)
        if begun is None or begun.target != way.target:
            begun = _Begun(way.target)
        is_in_turn = not turn.waiting or task.task_id in turn.waiting
        turn.waiting.discard(task.task_id)
        try:
            is_done = is_in_turn and self._move_processes(task, way, host, turn, begun)
        except CgroupGone as error:
            log.debug("%s", error)
            is_done = True
        if is_done:
            self._left.pop(task.task_id, None)
        else:
            self._left[task.task_id] = begun

    def _move_processes(self, task: Task, way: Way, host: Host, turn: Round, begun: _Begun) -> bool:
        """Whether all are done; without a node to take pages from there is nothing to do."""
        if not way.sources:
            return True
        seen: list[ProcessMemory] = []
        for process in sorted(host.processes.processes(task) - begun.done):
            if self._is_over(turn, host):
                return False
            memory = read_memory(host.proc, process)
            seen += [memory] if memory is not None else []
            self._move_one(task, process, way, host)
            begun.done.add(process)
        self._tell_huge_pages(task, seen)
        return True

    def _is_over(self, turn: Round, host: Host) -> bool:
        now = host.clock.monotonic()
        if turn.started is None:
            turn.started = now
            return False
        return now - turn.started >= self._budget

    def _move_one(self, task: Task, process: int, way: Way, host: Host) -> None:
        try:
            self.failed += self._move(process, way.sources, way.target, way.highest)
        except OSError as error:
            has_ended = error.errno == errno.EINVAL and read_memory(host.proc, process) is None
            if has_ended or error.errno == errno.ESRCH:
                return
            name = errno_name(error)
            self.errors[name] += 1
            message = f"task {task.task_id}: pages of process {process} cannot be moved to node {way.target}: "
            self._complaints.tell(logging.WARNING, "refused", task.task_id, message + f"{error.strerror}{_hint(error)}")

    def _tell_huge_pages(self, task: Task, seen: Collection[ProcessMemory]) -> None:
        huge = sum(memory.huge for memory in seen)
        whole = huge + sum(memory.resident for memory in seen)
        if huge > HUGE_SHARE * whole:
            message = f"task {task.task_id} has {huge} of {whole} bytes in huge pages, which may stay where they are"
            self._complaints.tell(logging.WARNING, "huge", task.task_id, message)


def _hint(error: OSError) -> str:
    hints = {
        errno.EPERM: " (needs CAP_SYS_NICE, CAP_SYS_PTRACE, and in a container a seccomp profile that permits it)",
        errno.EINVAL: " (the agent's own cgroup may not use that node: cpuset.mems.effective)",
    }
    return hints.get(error.errno or 0, "")
