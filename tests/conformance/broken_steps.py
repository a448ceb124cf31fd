"""Plugins whose hooks do what they should not, each in one way. The state of some is shared on purpose."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from wca_core import (
    Allocation,
    AllocationType,
    Anomaly,
    Block,
    Change,
    Host,
    Metric,
    Refusal,
    Sample,
    Samples,
    Snapshot,
    Task,
    counter,
    gauge,
    hookimpl,
    plugin,
)
from wca_core.file_write import FileWrite

USAGE = "task_cpu_usage_seconds"
FOUND = Metric("broken_found", "What it found.", gauge)
COUNTED = Metric("broken_counted_total", "What it counted.", counter)


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Detector:
    """Keeps everything that the kit asks; the others change one thing."""

    @hookimpl
    def describe_metrics(self) -> list[Metric]:
        return [FOUND, COUNTED]

    @hookimpl
    def detect(self, snapshot: Snapshot) -> Iterator[Anomaly | Sample | Block | object]:
        yield FOUND.sample(len(snapshot.tasks))
        yield from self.found(snapshot)

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return ()


class Texting(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return ["an anomaly"]


class Uneven(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return [Block((COUNTED.series(),), (1, 2))]


class Undescribed(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return [Metric("broken_secret", "Nobody knows.", gauge).sample(1)]


class OtherUnit(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return [Metric("broken_counted_total", "In seconds.", counter, unit="seconds").sample(1)]


class Infinite(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return [COUNTED.sample(float("inf"))]


class Doubling(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return [FOUND.sample(1)]


class NumberAsLabel(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        series = COUNTED.series()
        odd = type(series)(COUNTED, None, (), (("cpu", 1),))  # type: ignore[arg-type]
        return [odd.at(1)]


class Falling(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return [COUNTED.sample(1e12 - snapshot.now)]


@dataclass(eq=False, kw_only=True)
class Remembering(Detector):
    first: Sequence[Task] = field(default=(), init=False)

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        self.first = self.first or list(snapshot.tasks)
        return [COUNTED.sample(1, task) for task in self.first]


class Dividing(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return [COUNTED.sample(int(1 / sum(snapshot.values(USAGE, task).get((), 1) for task in snapshot.tasks) > 0))]


class NeedingTasks(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return [COUNTED.sample(max(0 for _ in snapshot.tasks))]


class OnlyAHundred(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        assert len(snapshot.tasks) <= 100
        return ()


@dataclass(eq=False, kw_only=True)
class KnowingOnlyTheFirst(Detector):
    numbers: dict[str, int] = field(default_factory=dict, init=False)

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        self.numbers = self.numbers or {task.task_id: at for at, task in enumerate(snapshot.tasks)}
        return [COUNTED.sample(0 * self.numbers[task.task_id], task) for task in snapshot.tasks]


@dataclass(eq=False, kw_only=True)
class KnowingNames(Detector):
    names: dict[str, str] = field(default_factory=dict, init=False)

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        for task in snapshot.tasks:
            assert self.names.setdefault(task.task_id, task.name) == task.name
        return ()


class NeedingEverySample(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return [COUNTED.sample(0 * snapshot.value(USAGE, task), task) for task in snapshot.tasks]  # type: ignore[operator]


class NeedingEveryRate(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        if snapshot.previous is None or not snapshot.seconds:
            return ()
        rates = [snapshot.rate(USAGE, task) for task in snapshot.tasks if snapshot.value(USAGE, task) is not None]
        previous = [snapshot.previous.value(USAGE, task) for task in snapshot.tasks]
        assert None not in rates or None in previous
        return ()


class Squaring(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        for task in snapshot.tasks:
            float(snapshot.value(USAGE, task) or 0) ** 2
        return ()


class DividingByTime(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return () if snapshot.seconds is None else [COUNTED.sample(int(0 / snapshot.seconds))]


@dataclass(eq=False, kw_only=True)
class TrustingTheClock(Detector):
    last: float = field(default=0.0, init=False)

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        assert snapshot.now >= self.last
        self.last = snapshot.now
        return ()


class NeedingThePlatform(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return [COUNTED.sample(snapshot.platform.cpus)]  # type: ignore[union-attr]


class OnlyAscii(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        for task in snapshot.tasks:
            task.name.encode("ascii")
        return ()


class Upset(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        task, before = snapshot.tasks[0], snapshot.previous
        new, old = snapshot.value(USAGE, task) or 0, (before.value(USAGE, task) if before else None) or 0
        return [{}["disturbed"]] if old and not 1 <= new / old < 3 else ()


class AtOdds(Detector):
    """Fails in even times."""

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        raise KeyError("always")


class Nobody(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return [Anomaly(contended_task_id="nobody")]


class SuspectingTheVictim(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        ids = [task.task_id for task in snapshot.tasks[:1]]
        return [Anomaly(contended_task_id=one, contending_task_ids=(one,)) for one in ids]


class Rolling(Detector):
    """Dice."""

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return [COUNTED.sample(time.perf_counter_ns())]


class Sharing(Detector):
    seen: ClassVar[list[float]] = []

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        self.seen.append(snapshot.now)
        return ()


_SEEN: dict[str, int] = {}


class SharingBehind(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        for task in snapshot.tasks:
            _SEEN[task.task_id] = _SEEN.get(task.task_id, 0) + 1
        return [COUNTED.sample(int(len(_SEEN) > 5))]


class DefaultingToOneList(Detector):
    def __init__(self, limits: list[float] = []) -> None:  # noqa: B006
        self.limits = limits


class Sorting(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        snapshot.samples.values.sort()
        return ()


class Writing(Detector):
    path: ClassVar[str] = "/dev/shm/wca-conformance-broken"

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        Path(self.path).write_text("here I was")
        Path(self.path).unlink()
        return ()


class Running(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        subprocess.run(["true"], check=True)
        return ()


class Signalling(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        os.kill(os.getpid(), 0)
        return ()


class Setting(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        os.putenv("WCA_BROKEN", "1")
        os.unsetenv("WCA_BROKEN")
        return ()


class Asking(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return [] if sys.stdin.readline() else ()


class Exiting(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        sys.exit(3)


class Handling(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        return ()


class Loud(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        logging.getLogger("wca").setLevel(7)
        return ()


class Moving(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        os.umask(0o077)
        return ()


class Printing(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        print("found nothing")
        return ()


class Pairing(Detector):
    def found(self, snapshot: Snapshot) -> Iterable[object]:
        ids = [task.task_id for task in snapshot.tasks]
        together = [one for one in ids for other in ids if sorted((one, other)) == [one, one]]
        return [COUNTED.sample(len(together) * 0)]


@dataclass(eq=False, kw_only=True)
class KeepingPairs(Detector):
    pairs: list[object] = field(default_factory=list, init=False)

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        self.pairs = [[0.0] * len(snapshot.tasks) for _ in snapshot.tasks]
        return ()


@dataclass(eq=False, kw_only=True)
class Hoarding(Detector):
    past: list[object] = field(default_factory=list, init=False)

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        self.past.append(bytes(200))
        return ()


@dataclass(eq=False, kw_only=True)
class NeverForgetting(Detector):
    past: dict[str, bytes] = field(default_factory=dict, init=False)

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        for task in snapshot.tasks:
            self.past.setdefault(task.task_id, bytes(200))
        return ()


# -- starting and stopping ------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class Closing(Detector):
    file: object = field(default=None, init=False)

    @hookimpl
    def start(self, host: Host) -> None:
        self.file = open("/proc/self/stat", "rb")  # noqa: SIM115

    @hookimpl
    def stop(self) -> None:
        self.file.close()  # type: ignore[attr-defined]


class ClosingOnce(Closing):
    @hookimpl
    def stop(self) -> None:
        if self.file is not None:
            self.file.close()  # type: ignore[attr-defined]
            self.file = 0


class NeverClosing(Detector):
    @hookimpl
    def start(self, host: Host) -> None:
        os.open("/proc/self/stat", os.O_RDONLY)

    @hookimpl
    def stop(self) -> None: ...


class NeverEnding(Detector):
    @hookimpl
    def start(self, host: Host) -> None:
        threading.Thread(target=time.sleep, args=(4,), daemon=True, name="never-ending").start()

    @hookimpl
    def stop(self) -> None: ...


@dataclass(eq=False, kw_only=True)
class StartingOnce(Detector):
    has_stopped: bool = field(default=False, init=False)

    @hookimpl
    def start(self, host: Host) -> None: ...

    @hookimpl
    def stop(self) -> None:
        self.has_stopped = True

    @hookimpl
    def detect(self, snapshot: Snapshot) -> list[Sample]:
        return [] if self.has_stopped else [FOUND.sample(1)]


class NeedingFiles(Detector):
    @hookimpl
    def start(self, host: Host) -> None:
        Path(f"{host.proc}/stat").read_text()


# -- collectors, discoverers, storages, allocators, planners --------------------------------------


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
