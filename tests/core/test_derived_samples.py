"""What plugins derive is seen by those that detect and allocate, in this step and as the past of the next one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from wca_core import Allocation, Anomaly, Metric, Sample, Snapshot, Task, counter, hookimpl, plugin
from wca_core.testing import Machine, make_task, running

READ = Metric("task_read", "What a task read.", counter)
DOUBLE = Metric("task_read_doubled", "Twice that.", counter)


@plugin(api=1)
@dataclass(eq=False)
class Doubling:
    """Measures a counter that grows by 10 a step, and derives another one of it."""

    value: int = 0
    gives: bool = True
    own: list[object] = field(default_factory=list)

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task]) -> Iterator[Sample]:
        self.value += 10
        for task in tasks:
            yield READ.sample(self.value, task)

    @hookimpl
    def derive_metrics(self, snapshot: Snapshot) -> Iterator[Sample]:
        for task in snapshot.tasks if self.gives else ():
            self.own.append(snapshot.value(DOUBLE, task))
            yield DOUBLE.sample(2 * (snapshot.value(READ, task) or 0), task)


@plugin(api=1)
@dataclass(eq=False)
class Watching:
    """Looks at both in each hook that may."""

    seen: list[tuple[object, ...]] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)

    @hookimpl
    def detect(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)
        self._look("detect", snapshot)

    @hookimpl
    def allocate(self, snapshot: Snapshot, anomalies: Sequence[Anomaly]) -> Iterator[Allocation]:
        self._look("allocate", snapshot)
        yield from ()

    def _look(self, hook: str, snapshot: Snapshot) -> None:
        (task,) = snapshot.tasks
        self.seen.append((hook, snapshot.value(READ, task), snapshot.value(DOUBLE, task), snapshot.rate(DOUBLE, task)))


def test_detect_and_allocate_see_what_is_derived_and_its_rate(tmp_path: Path) -> None:
    machine, watching, doubling = Machine(tmp_path), Watching(), Doubling()

    with running(machine, [doubling, watching], [make_task("/a")]) as agent:
        for _ in range(2):
            agent.step()
            machine.clock.advance(2.0)

    assert watching.seen == [
        ("detect", 10, 20, None),
        ("allocate", 10, 20, None),
        ("detect", 20, 40, 10.0),
        ("allocate", 20, 40, 10.0),
    ]
    assert doubling.own == [None, None]


def test_where_series_stand_is_looked_up_once_as_long_as_nothing_changes(tmp_path: Path) -> None:
    machine, watching, derived_at = Machine(tmp_path), Watching(), []

    @plugin(api=1)
    class Derived(Doubling):
        @hookimpl
        def derive_metrics(self, snapshot: Snapshot) -> Iterator[Sample]:
            derived_at.append(snapshot._places.of_series)
            yield from super().derive_metrics(snapshot)

    with running(machine, [Derived(), watching], [make_task("/a")]) as agent:
        for _ in range(6):  # the agent's own metrics are not all there in the first two
            agent.step()
            machine.clock.advance(1.0)

    places = [snapshot._places.of_series for snapshot in watching.snapshots]
    assert places[3] is places[4] is places[5]
    assert derived_at[3] is derived_at[4] is derived_at[5]
    assert derived_at[3] is not places[3]


@pytest.mark.parametrize("gives", [True, False])
def test_snapshots_do_not_chain_up_whether_or_not_something_is_derived(tmp_path: Path, gives: bool) -> None:
    watching = Watching()

    with running(Machine(tmp_path), [Doubling(gives=gives), watching], [make_task("/a")]) as agent:
        for _ in range(4):
            agent.step()

    assert [one.previous is not None for one in watching.snapshots] == [False, False, False, True]


def test_what_is_derived_in_one_step_only_has_no_rate(tmp_path: Path) -> None:
    machine, watching, doubling = Machine(tmp_path), Watching(), Doubling(gives=False)

    with running(machine, [doubling, watching], [make_task("/a")]) as agent:
        agent.step()
        machine.clock.advance(1.0)
        doubling.gives = True
        agent.step()

    assert [(double, rate) for hook, _, double, rate in watching.seen if hook == "detect"] == [(None, None), (40, None)]
