"""Steps without names: who gets a recording learns what tasks do, not whose they are.

| | becomes |
|---|---|
| ids, names, paths of cgroups, host, values of labels | a word for each part between `/`, the same for the same part |
| what tells the class or QoS of a task, `kubepods` and its like, numbers | stays |
| values of levels of metrics that name parts of the machine (`cpu`, `resource`, ...) | stay |
| values of all other levels and of applications' labels | a word |
| names of labels, metrics and plugins, values, platform, allocations | stay |
| names of groups of resctrl | a word |

A word is a hash with a key of its own for each recording, which nobody keeps: what was equal is equal, within
one recording. Whoever guesses a name cannot check it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b

from wca_core.model.allocation import Allocation
from wca_core.model.metric import Samples, Series
from wca_core.model.rdt_allocation import RDTAllocation
from wca_core.model.task import Task
from wca_core.model.task_class import CLASS_LABELS, DOCUMENTED_LABEL, QOS_LABEL
from wca_record.step import About, RecordedStep

OPEN_LABELS = frozenset({*CLASS_LABELS, DOCUMENTED_LABEL, QOS_LABEL})
OPEN_PARTS = frozenset(
    [
        *("", "kubepods", "kubepods.slice", "burstable", "besteffort", "guaranteed", "docker", "mesos"),
        *("kubepods-burstable.slice", "kubepods-besteffort.slice", "kubepods-guaranteed.slice"),
        *("system.slice", "user.slice", "machine.slice", "init.scope"),
    ]
)
OPEN_LEVELS = frozenset(
    [
        *(
            "cpu",
            "socket",
            "numa_node",
            "to_numa_node",
            "domain",
            "domain_id",
            "l3_domain",
            "zone",
            "pmu_type",
            "pmu_name",
        ),
        *("mode", "key", "resource", "kind", "window", "scope", "event", "fault_type", "errno", "statistic"),
        *("function", "plugin", "hook", "module", "type", "allocation_type", "cpu_model", "cpu_model_number"),
        *("sockets", "cores", "cpus", "wca_version"),
    ]
)


class Anonymity:
    """Of one recording."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._tasks: dict[int, tuple[Task, Task]] = {}
        """By identity of the real one: it, and the one without names."""
        self._task_lists: tuple[Sequence[Task], list[Task]] = ((), [])
        self._series_lists: tuple[Sequence[Series], list[Series]] = ((), [])
        self._allocations: dict[int, tuple[Allocation, Allocation]] = {}

    def about(self, about: About) -> About:
        labels = {name: self.word(value) for name, value in about.labels.items()}
        return replace(about, host=self.word(about.host), labels=labels, anonymous=True)

    def step(self, step: RecordedStep) -> RecordedStep:
        """What does not change is the very same object again."""
        tasks = self._list_of_tasks(step.tasks)
        samples = Samples(self._list_of_series(step.samples.series), step.samples.values)
        in_force, also_known = self._in_force(step.allocations), tuple(map(self.word, step.also_known))
        return replace(step, tasks=tasks, samples=samples, allocations=in_force, also_known=also_known)

    def word(self, text: str) -> str:
        """Instead of this one."""
        return "/".join([self._part(part) for part in text.split("/")])

    def _part(self, part: str) -> str:
        if part in OPEN_PARTS or part.isdecimal():
            return part
        return "x" + blake2b(part.encode(errors="surrogatepass"), key=self._key, digest_size=6).hexdigest()

    def _list_of_tasks(self, tasks: Sequence[Task]) -> list[Task]:
        if tasks is not self._task_lists[0]:
            self._task_lists = tasks, [self._task(task) for task in tasks]
        return self._task_lists[1]

    def _list_of_series(self, series: Sequence[Series]) -> list[Series]:
        if series is not self._series_lists[0]:
            self._series_lists = series, [self._series(one) for one in series]
            used = {id(one) for one in self._task_lists[0]} | {id(one.task) for one in series}
            self._tasks = {at: pair for at, pair in self._tasks.items() if at in used}
        return self._series_lists[1]

    def _in_force(self, allocations: Iterable[Allocation]) -> tuple[Allocation, ...]:
        before = self._allocations
        self._allocations = {id(one): before.get(id(one)) or (one, self._allocation(one)) for one in allocations}
        return tuple([found for _, found in self._allocations.values()])

    def _task(self, task: Task) -> Task:
        known = self._tasks.get(id(task))
        if known is None:
            known = self._tasks[id(task)] = task, self._hidden(task)
        return known[1]

    def _hidden(self, task: Task) -> Task:
        return Task(
            task_id=self.word(task.task_id),
            name=self.word(task.name),
            cgroup_path=self.word(task.cgroup_path),
            subcgroups_paths=tuple([self.word(path) for path in task.subcgroups_paths]),
            controller_paths={name: self.word(path) for name, path in task.controller_paths.items()},
            labels=self._labels(task.labels),
            resources={
                name: self.word(value) if isinstance(value, str) else value for name, value in task.resources.items()
            },
        )

    def _labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        return {name: value if name in OPEN_LABELS else self.word(value) for name, value in labels.items()}

    def _series(self, series: Series) -> Series:
        levels = zip(series.metric.levels, series.level_values, strict=False)
        values = tuple([value if name in OPEN_LEVELS else self.word(value) for name, value in levels])
        free = tuple([(name, self.word(value)) for name, value in series.free_labels])
        return Series(series.metric, None if series.task is None else self._task(series.task), values, free)

    def _allocation(self, allocation: Allocation) -> Allocation:
        value = allocation.value
        if isinstance(value, RDTAllocation) and value.name:
            value = replace(value, name=self.word(value.name))
        return Allocation(self.word(allocation.task_id), allocation.type, value)
