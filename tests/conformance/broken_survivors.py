"""Detectors that do not survive one thing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.conformance.good_detector import COUNTED, USAGE, Detector
from wca_core import (
    Snapshot,
)


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
        return [dict[str, int]()["disturbed"]] if old and not 1 <= new / old < 3 else ()


class AtOdds(Detector):
    """Fails in even times."""

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        raise KeyError("always")
