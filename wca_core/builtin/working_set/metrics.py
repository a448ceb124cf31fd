"""How much memory each task works with: what its processes referenced since the kernel was last told to forget that.

Reading and forgetting walk the page tables of each process. Forgetting makes the next access to each page a little
slower and reclaim forget which pages are hot. Huge pages count as a whole, those of hugetlbfs not at all.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated

from wca_core.builtin.complaints import Complaints
from wca_core.builtin.measurement_errors import MEASUREMENT_ERRORS
from wca_core.builtin.working_set.referenced_memory import ReferencedMemory
from wca_core.builtin.working_set.search import Rules, WorkingSetSearch
from wca_core.config.field_types import Between
from wca_core.errors import CgroupGone, HostError
from wca_core.host import Host
from wca_core.model.metric import Metric, Sample, Value, counter, gauge
from wca_core.model.requirement import Requirement
from wca_core.model.snapshot import Snapshot
from wca_core.model.task import Task
from wca_core.per_task import PerTask
from wca_core.plugin_api import hookimpl, plugin

log = logging.getLogger("wca.wss")

TRAFFIC = "task_mem_bandwidth_bytes"

REFERENCED = Metric(
    "task_wss_referenced_bytes",
    "Memory that the processes of the task referenced since that was last forgotten; shared pages count for each.",
    gauge,
    unit="bytes",
)
WORKING_SET = Metric(
    "task_working_set_size_bytes",
    "Referenced memory when it last stopped growing beside the memory traffic of the task.",
    gauge,
    unit="bytes",
)
OVERHEAD = Metric(
    "task_wss_measure_overhead_seconds",
    "Time spent on measuring what the task references and on letting the kernel forget it.",
    counter,
    unit="seconds",
)


@dataclass(eq=False)
class _State:
    """One task."""

    memory: ReferencedMemory
    search: WorkingSetSearch
    referenced: int | None = None
    """In this step [bytes]; None: not measured."""


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class WorkingSet:
    """Referenced memory and working set of each task; off unless `wss_reset_cycles` is given."""

    tells_its_lacks = True
    wss_reset_cycles: Annotated[int, Between(0)] | None = None
    """What is referenced is forgotten every so many steps; 0: not by this clock; None: nothing is measured."""
    wss_stable_cycles: int = 0
    """The working set is found after so many stable steps; above 0, and without a clock, all is then forgotten."""
    wss_membw_threshold: Annotated[float, Between(0)] | None = None
    """Growth below this share of the memory traffic is stable; None: the working set is not looked for."""
    wss_max_overhead_ratio: Annotated[float, Between(0)] = 0.05
    """A task whose measuring takes more of the time than this is measured in every other step only."""

    _states: PerTask[_State] | None = field(default=None, init=False, repr=False)
    _measured: Sequence[tuple[Task, _State]] = field(default=(), init=False, repr=False)
    """In this step, still to be searched for a working set."""
    _complaints: Complaints = field(default_factory=lambda: Complaints(log), init=False, repr=False)

    @hookimpl
    def describe_metrics(self) -> list[Metric]:
        return [REFERENCED, WORKING_SET, OVERHEAD, MEASUREMENT_ERRORS]

    @hookimpl
    def requirements(self) -> list[Requirement]:
        from wca_core.builtin.working_set.needs import needs  # what it looks at is not needed to start

        return needs(is_on=self.wss_reset_cycles is not None)

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task], host: Host) -> Iterator[Sample]:
        if self.wss_reset_cycles is None:
            return
        if self._states is None:
            self._states = self._made_for(host)
        self._measured = list(zip(tasks, self._states.of(tasks, host.known_tasks), strict=True))
        for task, state in self._measured:
            yield from self._measure(task, state)

    @hookimpl
    def derive_metrics(self, snapshot: Snapshot) -> Iterator[Sample]:
        """Here, since the search needs the memory traffic of this step."""
        measured, self._measured = self._measured, ()
        moved = traffic_of_tasks(snapshot) if measured and self._rules.looks_for_size else {}
        for task, state in measured:
            referenced, state.referenced = state.referenced, None
            if referenced is not None:
                yield from self._search(task, state, referenced, moved.get(task.task_id))

    def _measure(self, task: Task, state: _State) -> Iterator[Sample]:
        try:
            state.referenced = state.memory.measure()
        except CgroupGone as error:
            log.debug("%s", error)
            return
        except HostError as error:
            state.memory.errors += 1
            self._complaints.tell(logging.WARNING, "processes", task.task_id, str(error))
        if state.referenced is not None:
            yield REFERENCED.sample(state.referenced, task)
        yield OVERHEAD.sample(state.memory.overhead, task)
        yield MEASUREMENT_ERRORS.sample(state.memory.errors, task, source="wss")

    def _search(self, task: Task, state: _State, referenced: int, moved: Value | None) -> Iterator[Sample]:
        if moved is None and self._rules.looks_for_size:
            message = f"task {task.task_id} has no {TRAFFIC}, without which its working set is not found"
            self._complaints.tell(logging.WARNING, "traffic", task.task_id, message)
        size, is_to_be_forgotten = state.search.go_on(referenced, moved)
        if size is not None:
            yield WORKING_SET.sample(size, task)
        if is_to_be_forgotten:
            with suppress(HostError):  # what it is was told when it was measured
                state.memory.forget()

    @property
    def _rules(self) -> Rules:
        return Rules(self.wss_reset_cycles or 0, self.wss_stable_cycles, self.wss_membw_threshold)

    def _made_for(self, host: Host) -> PerTask[_State]:
        def make(task: Task) -> _State:
            memory = ReferencedMemory(host, task, self.wss_max_overhead_ratio, self._complaints)
            return _State(memory, WorkingSetSearch(self._rules))

        def change(state: _State, task: Task) -> _State:
            state.memory.task = task
            return state

        return PerTask(make, change=change)


def traffic_of_tasks(snapshot: Snapshot) -> dict[str, Value]:
    """Bytes moved so far by task id; of several L3 domains the sum."""
    moved: dict[str, Value] = {}
    for series, value in zip(snapshot.samples.series, snapshot.samples.values, strict=True):
        if series.metric.name == TRAFFIC and series.task is not None:
            moved[series.task.task_id] = moved.get(series.task.task_id, 0) + value
    return moved
