"""Detectors that keep what they should not, or share or change it. The state of some is shared on purpose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from tests.conformance.good_detector import COUNTED, Detector
from wca_core import (
    Anomaly,
    Snapshot,
    hookimpl,
    plugin,
)


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


@plugin(api=1)
class Clearing:
    """Wishes for nobody who suffers, and thinks the list of them its own."""

    @hookimpl
    def allocate(self, snapshot: Snapshot, anomalies: list[Anomaly]) -> None:
        anomalies.clear()
