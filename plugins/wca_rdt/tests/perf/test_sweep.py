"""Whose turn it is to be looked at, and how often one is tried that cannot be counted."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from wca_rdt.perf.counters import CgroupCounters
from wca_rdt.perf.descriptions import Descriptions
from wca_rdt.perf.descriptors import RESERVE, Descriptors, open_files_limit
from wca_rdt.perf.metrics import Perf
from wca_rdt.perf.of_task import Means, TaskCounters
from wca_rdt.perf.opening import close_all, open_directory
from wca_rdt.perf.plan import Plan
from wca_rdt.perf.samples import TaskSamples
from wca_rdt.perf.sweep import ROUNDS, Sweep

from plugins.wca_rdt.tests.perf.given import counted_cgroups, event, spinning
from tests.cgroups import Cgroups
from wca_core.builtin.complaints import Complaints
from wca_core.host import Host
from wca_core.linux.files import OpenFiles
from wca_core.model.statistics import Statistics
from wca_core.testing import GivenTasks, Measured, make_task, running

CLOCK = "task_task_clock_seconds"


@dataclass
class State:
    """What a sweep sees of a task without any groups."""

    is_settled: bool = False
    is_busy: bool = False
    """Counts something in every step."""
    is_bound: bool = False
    is_steady: bool = True
    plain: None = None
    texts: list[bytes] = field(default_factory=list)
    leaders: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    counts: Mapping[int, object] = field(default_factory=dict)
    settled: int = 0
    looked: int = 0

    @property
    def is_told(self) -> bool:
        return not self.is_busy

    @is_told.setter
    def is_told(self, value: bool) -> None:
        """The samples of all are made in every step."""

    def settle(self, cpus: Collection[int]) -> None:
        self.settled += 1

    def look(self) -> None:
        self.looked += 1


def sweep_of(*states: State) -> Sweep:
    return Sweep(states, (0,), Descriptors(OpenFiles(10)), 1)  # type: ignore[arg-type]


@pytest.fixture
def cgroups() -> Iterator[Cgroups]:
    with counted_cgroups() as made:
        yield made


def test_one_that_cannot_be_counted_is_tried_once_a_step_however_long_that_lasts() -> None:
    states = [State() for _ in range(3)]
    sweep = sweep_of(*states)

    for _ in range(10 * ROUNDS):
        sweep.read()

    assert [state.settled for state in states] == [10 * ROUNDS] * 3
    assert [state.looked for state in states] == [10] * 3


def test_one_that_counted_something_in_this_step_is_not_asked_whether_it_is_there() -> None:
    busy, idle = State(is_settled=True, is_busy=True), State(is_settled=True)
    sweep = sweep_of(busy, idle)

    for _ in range(ROUNDS):
        sweep.read()

    assert (busy.looked, idle.looked) == (0, 1)


@pytest.mark.parametrize("count", [1, 16, 17, 255, 256, 257, 1000])
def test_everybody_has_a_turn_in_so_many_steps(count: int) -> None:
    states = [State(is_settled=True) for _ in range(count)]
    sweep = sweep_of(*states)

    for _ in range(ROUNDS):
        sweep.read()

    assert [state.looked for state in states] == [1] * count


def test_one_that_is_bound_to_cpus_is_followed_though_it_is_busy() -> None:
    bound = State(is_settled=True, is_busy=True, is_bound=True)
    sweep = sweep_of(bound)

    for _ in range(ROUNDS):
        sweep.read()

    assert bound.settled == 1 + 1, "at the beginning, and when it was its turn"


def test_a_cgroup_made_anew_is_found_though_other_tasks_come_and_go_in_every_step(cgroups: Cgroups) -> None:
    steady, passing = cgroups.make("steady"), [cgroups.make(f"passing{number}") for number in range(2)]
    task, others = make_task(steady.path), [make_task(one.path) for one in passing]
    node = GivenTasks(tasks=[task])
    with running(Host(), [node, Perf(event_names=[CLOCK])]) as agent:
        agent.step()
        steady.remove()
        steady.make()
        for number in range(2 * ROUNDS):
            node.tasks = [task, others[number % 2]]
            agent.step()
        spinning(steady, 0.1)

        assert Measured(agent.step(), Statistics()).value(CLOCK, steady.path) >= 0.1  # type: ignore[operator]


def test_an_attempt_that_fails_is_no_room_for_others() -> None:
    """Else two tasks that do not fit would make each other try in every step."""
    descriptors = Descriptors(OpenFiles(10))
    descriptors.take(5)
    held, releases = descriptors.held, descriptors.releases

    descriptors.take(3)
    descriptors.give_back(3)
    descriptors.retract(held, releases)
    after_attempt = descriptors.releases
    descriptors.give_back(5)
    descriptors.retract(held, releases)

    assert (after_attempt, descriptors.releases) == (releases, releases + 1)


def test_two_tasks_that_do_not_fit_are_not_opened_and_closed_in_every_step(cgroups: Cgroups) -> None:
    """Each has room for one of its two containers only."""
    plan = Plan((event(CLOCK),), ((0,),))
    descriptors = Descriptors(OpenFiles(open_files_limit() - RESERVE - plan.descriptors([0]) - 1))
    means = Means(descriptors, Complaints(logging.getLogger("wca.test")))
    states = [
        TaskCounters(
            TaskSamples(make_task(f"/{pod}"), plan, Descriptions(aggregates=True)),
            [CgroupCounters(str(cgroups.make(f"{pod}/{one}").directories[0]), plan, descriptors) for one in "ab"],
            means,
        )
        for pod in ("x", "y")
    ]
    sweep = Sweep(states, (0,), descriptors, 1)
    sweep.read()
    before = descriptors.changes

    for _ in range(5):
        sweep.read()

    assert (descriptors.changes, descriptors.held) == (before, 0)
    assert [state.errors for state in states] == [1, 1]


def test_stopping_twice_closes_nothing_of_others(cgroups: Cgroups) -> None:
    one = cgroups.make("one")
    counters = CgroupCounters(
        str(one.directories[0]), Plan((event(CLOCK),), ((0,),)), descriptors := Descriptors(OpenFiles(10))
    )
    counters.open([0])
    counters.close()
    mine = open_directory("/")
    counters.close()

    assert descriptors.held == 0
    assert os.fstat(mine)
    close_all([mine])
