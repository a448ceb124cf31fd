"""What is kept of the past: only what a plugin declares, for as long as it says, and no longer than the task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core import (
    ContractError,
    History,
    Metric,
    Sample,
    Samples,
    Snapshot,
    Task,
    counter,
    gauge,
    hookimpl,
    plugin,
)
from wca_core.model.course import Course
from wca_core.model.histories import Histories
from wca_core.model.history_table import MOST_MOMENTS
from wca_core.testing import GivenTasks, Machine, make_task, running

CYCLES = Metric("task_cycles", "Cycles.", counter)
PAGES = Metric("task_pages", "Pages.", gauge, levels=("node",))
OTHER = Metric("task_other", "Something else.", counter)
TWICE = Metric("task_cycles_twice", "Twice the cycles.", counter)
A, B = make_task("/a"), make_task("/b")


def followed(course: Course, steady: float, samples: Sequence[Sample], known: Mapping[str, Task]) -> Snapshot:
    made = Snapshot(now=1e9, steady=steady, tasks=list(known.values()), samples=Samples.of(samples))
    return course.follow(made, known)


def known(*tasks: Task) -> dict[str, Task]:
    return {task.task_id: task for task in tasks}


def pairs(history: History) -> list[tuple[float, float]]:
    return [(moment.at, moment.value) for moment in history]


@plugin(api=1)
@dataclass(eq=False)
class LookingBack:
    """Measures a counter that grows by 5 a step, and looks at its history."""

    looks_back: ClassVar[Mapping[str, float]] = {"task_cycles": 10.0, "task_cycles_twice": 10.0}
    value: int = 0
    seen: list[list[float]] = field(default_factory=list)
    derived: list[list[float]] = field(default_factory=list)
    while_deriving: list[int] = field(default_factory=list)

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task]) -> Iterator[Sample]:
        self.value += 5
        for task in tasks:
            yield CYCLES.sample(self.value, task)
            yield OTHER.sample(self.value, task)

    @hookimpl
    def derive_metrics(self, snapshot: Snapshot) -> Iterator[Sample]:
        for task in snapshot.tasks:
            history = snapshot.history(CYCLES, task)
            self.while_deriving.append(len(history))
            yield TWICE.sample(2 * (history.newest or 0), task)

    @hookimpl
    def detect(self, snapshot: Snapshot) -> None:
        for task in snapshot.tasks:
            self.seen.append([moment.value for moment in snapshot.history("task_cycles", task)])
            self.derived.append([moment.value for moment in snapshot.history(TWICE, task)])


def test_a_detector_sees_the_steps_so_far_this_one_and_the_derived_included(tmp_path: Path) -> None:
    machine, looking = Machine(tmp_path), LookingBack()

    with running(machine, [looking], [A]) as agent:
        for _ in range(3):
            agent.step()
            machine.clock.advance(1.0)
            machine.clock.time += 3600  # the wall clock may jump as it likes

    assert looking.seen == [[5], [5, 10], [5, 10, 15]]
    assert looking.derived == [[10], [10, 20], [10, 20, 30]]
    assert looking.while_deriving == [1, 2, 3]


def test_a_task_whose_discoverer_fails_for_a_step_keeps_its_history(tmp_path: Path) -> None:
    machine, looking = Machine(tmp_path), LookingBack()

    @plugin(api=1)
    class Failing:
        fails = False

        @hookimpl
        def discover_tasks(self) -> list[Task]:
            if self.fails:
                raise OSError("no answer")
            return [A]

    failing = Failing()
    with running(machine, [failing, looking]) as agent:
        for failing.fails in (False, True, False):
            agent.step()
            machine.clock.advance(1.0)

    assert looking.seen == [[5], [5, 15]]


def test_a_task_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    machine, looking, node = Machine(tmp_path), LookingBack(), GivenTasks(tasks=[A])

    with running(machine, [node, looking]) as agent:
        for tasks in ([A], [], [A]):
            node.tasks = tasks
            agent.step()
            machine.clock.advance(1.0)

    assert looking.seen == [[5], [15]]


def test_a_snapshot_tells_which_tasks_are_not_gone() -> None:
    tasks = known(A, B)
    bare = Snapshot(now=0.0, tasks=[A], samples=Samples())

    snapshot = Course().follow(bare, tasks)

    assert snapshot.known_tasks is tasks
    assert "/a" in bare.known_tasks
    assert "/b" not in bare.known_tasks


def test_nothing_is_kept_where_nobody_looks_back(tmp_path: Path) -> None:
    @plugin(api=1)
    class Shortsighted:
        @hookimpl
        def detect(self, snapshot: Snapshot) -> None:
            assert snapshot.histories is None
            snapshot.history("task_cycles", snapshot.tasks[0])

    with running(Machine(tmp_path), [Shortsighted()], [A]) as agent:
        agent.step()

        assert agent.host.statistics.plugin("shortsighted").errors["detect"] == 1


def test_who_asks_for_what_nobody_declared_is_told_the_line_to_add() -> None:
    snapshot = followed(Course({"task_cycles": 5.0}), 1.0, [CYCLES.sample(1, A), OTHER.sample(1, A)], known(A))

    with pytest.raises(ContractError, match=r'looks_back: ClassVar.* = \{"task_other": 300\.0\}'):
        snapshot.history(OTHER, A)
    with pytest.raises(ContractError, match="task_cycles"):
        Snapshot(now=0, tasks=[A], samples=Samples()).history("task_cycles", A)


def test_what_was_not_measured_is_a_gap_and_each_level_has_a_history_of_its_own() -> None:
    course = Course({"task_pages": 60.0})
    tasks = known(A, B)
    followed(course, 0.0, [PAGES.sample(1, A, node=0), PAGES.sample(2, A, node=1)], tasks)
    followed(course, 1.0, [PAGES.sample(3, A, node=0)], tasks)
    snapshot = followed(course, 2.0, [PAGES.sample(5, A, node=0), PAGES.sample(6, A, node=1)], tasks)

    assert pairs(snapshot.history(PAGES, A, node=0)) == [(0, 1), (1, 3), (2, 5)]
    assert pairs(snapshot.history("task_pages", A, node=1)) == [(0, 2), (2, 6)]
    assert pairs(snapshot.history(PAGES, A, node=2)) == []
    assert pairs(snapshot.history(PAGES, B, node=0)) == []


def test_an_older_snapshot_does_not_see_what_came_later() -> None:
    course = Course({"task_cycles": 60.0})
    older = followed(course, 0.0, [CYCLES.sample(1, A)], known(A))
    followed(course, 1.0, [CYCLES.sample(2, A)], known(A))

    assert pairs(older.history(CYCLES, A)) == [(0, 1)]


def test_a_steady_clock_that_falls_is_another_clock() -> None:
    course = Course({"task_cycles": 60.0})
    followed(course, 100.0, [CYCLES.sample(1, A)], known(A))

    snapshot = followed(course, 5.0, [CYCLES.sample(2, A)], known(A))

    assert pairs(snapshot.history(CYCLES, A)) == [(5, 2)]


steps = st.lists(
    st.tuples(st.floats(0.01, 30), st.dictionaries(st.sampled_from("ab"), st.integers(0, 1000))),
    min_size=1,
    max_size=60,
)


@given(steps, st.floats(1, 200))
def test_what_is_kept_is_what_was_measured_within_the_time(
    course_of_steps: list[tuple[float, dict[str, int]]], longest: float
) -> None:
    """Of steps at least as far apart as moments are; the lists of series change as they like."""
    course, tasks = Course({"task_cycles": longest}), known(A, B)
    now, all_moments = 0.0, {"a": [], "b": []}
    for pause, measured in course_of_steps:
        now += max(pause, longest / MOST_MOMENTS * 1.001)
        samples = [CYCLES.sample(value, tasks[f"/{name}"]) for name, value in measured.items()]
        snapshot = followed(course, now, samples, tasks)
        for name, value in measured.items():
            all_moments[name].append((now, value))

        for name, moments in all_moments.items():
            expected = [(at, value) for at, value in moments if at >= now - longest]
            assert pairs(snapshot.history(CYCLES, tasks[f"/{name}"])) == expected


def test_a_long_time_is_kept_in_moments_further_apart_and_the_newest_is_always_there() -> None:
    course = Course({"task_cycles": 3600.0})
    for step in range(5000):
        snapshot = followed(course, step * 1.0, [CYCLES.sample(step * 10, A)], known(A))

    history = snapshot.history(CYCLES, A)
    assert history.newest == 49990
    assert MOST_MOMENTS * 0.8 < len(history) <= MOST_MOMENTS + 1
    assert history.seconds == pytest.approx(3600, abs=12)
    assert history.rate == pytest.approx(10.0)


@pytest.mark.parametrize(("longest", "interval"), [(600, 1), (300, 1), (60, 1), (3600, 5), (3600, 10)])
def test_steps_that_come_a_little_early_or_late_are_all_kept(longest: float, interval: float) -> None:
    course, steps = Course({"task_cycles": longest}), int(longest / interval) - 5
    for step in range(steps):
        at = step * interval + (0.02 * interval if step % 2 else 0.0)
        snapshot = followed(course, at, [CYCLES.sample(step, A)], known(A))

    assert len(snapshot.history(CYCLES, A)) == steps


def test_a_series_that_is_no_longer_measured_is_let_go_after_its_time() -> None:
    histories = Histories({"task_pages": 100.0})
    tasks = known(A)
    histories.take(0.0, Samples.of([PAGES.sample(1, A, node=7)]), tasks)
    before = len(histories)

    for step in range(1, 300):
        histories.take(float(step), Samples.of([PAGES.sample(1, A, node=0)]), tasks)

    assert (before, len(histories)) == (1, 1)


def test_what_is_no_longer_measured_is_not_taken_for_the_last_seconds() -> None:
    course, tasks = Course({"task_cycles": 100.0, "task_other": 100.0}), known(A)
    for step in range(20):
        measured = [OTHER.sample(step, A), *([CYCLES.sample(step * 5, A)] if step < 10 else [])]
        snapshot = followed(course, float(step), measured, tasks)

    assert snapshot.history(CYCLES, A).last(5).rate is None
    assert snapshot.history(CYCLES, A).last(15).rate == 5.0
    assert snapshot.history(OTHER, A).last(5).rate == 1.0


def test_what_is_measured_in_every_fifth_step_is_kept_over_a_long_time_too() -> None:
    """Moments are kept 4.5 seconds apart: of five steps one, which need not be the one that measures."""
    course, tasks = Course({"task_cycles": 3600.0}), known(A, B)
    for step in range(3000):
        measured = [CYCLES.sample(step, B), *([CYCLES.sample(step * 10, A)] if step % 5 == 2 else [])]
        snapshot = followed(course, float(step), measured, tasks)

    history = snapshot.history(CYCLES, A)
    assert len(history) > 500
    assert history.rate == pytest.approx(10.0, rel=0.01)
    assert max(later.at - sooner.at for sooner, later in pairwise(history)) <= 10.0


def test_a_task_that_comes_back_begins_with_nothing_of_the_one_before() -> None:
    course = Course({"task_cycles": 3600.0})
    followed(course, 0.0, [CYCLES.sample(1, A), CYCLES.sample(1, B)], known(A, B))
    followed(course, 1.0, [CYCLES.sample(2, A), CYCLES.sample(1, B)], known(A, B))
    followed(course, 1.5, [CYCLES.sample(1, B)], known(A, B))
    followed(course, 2.0, [CYCLES.sample(1, B)], known(B))
    snapshot = followed(course, 9.0, [CYCLES.sample(100, A), CYCLES.sample(1, B)], known(A, B))

    assert pairs(snapshot.history(CYCLES, A)) == [(9, 100)]
