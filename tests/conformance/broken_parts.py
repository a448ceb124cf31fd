"""Collectors, discoverers, storages, allocators and planners of writes, each broken in one way."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from tests.conformance.good_detector import FOUND
from wca_core import (
    Allocation,
    AllocationType,
    Change,
    Host,
    Metric,
    Refusal,
    Sample,
    Samples,
    Snapshot,
    Task,
    hookimpl,
    plugin,
)
from wca_core.file_write import FileWrite


@plugin(api=1)
class AllOrNothing:
    @hookimpl
    def describe_metrics(self) -> list[Metric]:
        return [FOUND]

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task], host: Host) -> list[Sample]:
        directories = [host.cgroup_directory("cpu", task.cgroup_path) or "" for task in tasks]
        return [FOUND.sample(1, task) for task in tasks] if all(map(os.path.exists, directories)) else []


@plugin(api=1)
class WritingToCgroups:
    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task], host: Host) -> None:
        for task in tasks:
            path = f"{host.cgroup_directory('cpu', task.cgroup_path)}/cpu.weight"
            if os.path.exists(path):
                Path(path).write_text("10000\n")


def _task(task_id: str, path: str) -> Task:
    return Task(task_id=task_id, name=task_id, cgroup_path=path)


@plugin(api=1)
class Twins:
    @hookimpl
    def discover_tasks(self) -> list[Task]:
        return [_task("twin", "/a"), _task("twin", "/b")]


@plugin(api=1)
class OneCgroup:
    @hookimpl
    def discover_tasks(self) -> list[Task]:
        return [_task("one", "/a"), _task("two", "/a")]


@plugin(api=1)
class NewEachTime:
    asked = 0

    @hookimpl
    def discover_tasks(self) -> list[Task]:
        self.asked += 1
        return [_task(f"task-{self.asked}", f"/{self.asked}")]


@plugin(api=1)
class Storage:
    stores_locally = True

    @hookimpl
    def store(self, samples: Samples, stream: str) -> None:
        self.keep(samples, stream)

    def keep(self, samples: Samples, stream: str) -> None: ...


class OnlyMetrics(Storage):
    def keep(self, samples: Samples, stream: str) -> None:
        {"metrics": 1}[stream]


class NeverEmpty(Storage):
    def keep(self, samples: Samples, stream: str) -> None:
        samples.series[0]


class Small(Storage):
    def keep(self, samples: Samples, stream: str) -> None:
        assert len(samples) < 20_000


class AsciiOnly(Storage):
    def keep(self, samples: Samples, stream: str) -> None:
        json.dumps([one.labels for one in samples], ensure_ascii=False).encode("ascii")


class SmallNumbers(Storage):
    def keep(self, samples: Samples, stream: str) -> None:
        for one in samples:
            float(one.value) * 10 if one.value == 0 else int(one.value).to_bytes(16, "big", signed=True)


class Emptying(Storage):
    def keep(self, samples: Samples, stream: str) -> None:
        samples.values[:] = [0.0] * len(samples)


class LocalPerhaps(Storage):
    stores_locally = "yes"  # type: ignore[assignment]


@plugin(api=1)
class Allocator:
    @hookimpl
    def allocate(self, snapshot: Snapshot) -> list[Allocation]:
        return self.wishes([task.task_id for task in snapshot.tasks])

    def wishes(self, ids: Sequence[str]) -> list[Allocation]:
        return []


class ForNobody(Allocator):
    def wishes(self, ids: Sequence[str]) -> list[Allocation]:
        return [Allocation("nobody", AllocationType.CPU_QUOTA, 0.5)]


class Undecided(Allocator):
    def wishes(self, ids: Sequence[str]) -> list[Allocation]:
        return [Allocation(one, AllocationType.CPU_QUOTA, value) for one in ids[:1] for value in (0.5, 0.6)]


class Unbounded(Allocator):
    def wishes(self, ids: Sequence[str]) -> list[Allocation]:
        return [Allocation(one, AllocationType.CPU_QUOTA, 200) for one in ids[:1]]


QUOTA = AllocationType.CPU_QUOTA


@plugin(api=1)
class Planner:
    """Plans one file of a task."""

    kept: tuple[Allocation, ...] = ()

    @hookimpl
    def read_allocations(self, tasks: Sequence[Task]) -> Sequence[Allocation]:
        self.kept = self.kept or tuple(Allocation(task.task_id, QUOTA, 1.0) for task in tasks)
        return self.kept

    @hookimpl
    def check_allocations(self, changes: Sequence[Change]) -> list[Allocation | Refusal]:
        return [change.wanted for change in changes if change.wanted.type is QUOTA]

    @hookimpl
    def plan_writes(self, changes: Sequence[Change], host: Host) -> list[object]:
        return [self.write(change, self.path(change, host)) for change in changes if change.wanted.type is QUOTA]

    def path(self, change: Change, host: Host) -> str:
        return f"{host.cgroup_directory('cpu', change.task.cgroup_path)}/cpu.max"

    def write(self, change: Change, path: str) -> object:
        return FileWrite(path, b"50000 100000", change)


class TellingTwice(Planner):
    @hookimpl
    def read_allocations(self, tasks: Sequence[Task]) -> Sequence[Allocation]:
        return [Allocation(task.task_id, QUOTA, 1.0) for task in tasks] * 2


class TellingAnew(Planner):
    @hookimpl
    def read_allocations(self, tasks: Sequence[Task]) -> Sequence[Allocation]:
        return [Allocation(task.task_id, QUOTA, 1.0) for task in tasks]


class AnsweringUnasked(Planner):
    @hookimpl
    def check_allocations(self, changes: Sequence[Change]) -> list[Allocation | Refusal]:
        return [Refusal("nobody", QUOTA, "there is none")]


class WritingWhilePlanning(Planner):
    def path(self, change: Change, host: Host) -> str:
        Path(super().path(change, host)).write_text("50000 100000\n")
        return super().path(change, host)


class PlanningText(Planner):
    def write(self, change: Change, path: str) -> object:
        return path


class PlanningOtherwise(Planner):
    asked = 0

    def path(self, change: Change, host: Host) -> str:
        self.asked += 1
        return f"{super().path(change, host)}{'.burst' if self.asked > 2 else ''}"


class _NeverBack(FileWrite):
    def undo(self, old: bytes) -> None: ...


class PlanningForGood(Planner):
    def write(self, change: Change, path: str) -> object:
        return _NeverBack(path, b"50000 100000", change)


class _OfNoKind(FileWrite):
    kind = "conformance-broken"


class PlanningUnknownKinds(Planner):
    def write(self, change: Change, path: str) -> object:
        return _OfNoKind(path, b"50000 100000", change)


class NeedingTheCgroup(Planner):
    def path(self, change: Change, host: Host) -> str:
        os.listdir(os.path.dirname(super().path(change, host)))
        return super().path(change, host)
