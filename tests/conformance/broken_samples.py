"""Detectors that yield what they should not, each in one way."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.conformance.good_detector import COUNTED, FOUND, Detector
from wca_core import (
    Anomaly,
    Block,
    Metric,
    Snapshot,
    Task,
    counter,
    gauge,
)


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
