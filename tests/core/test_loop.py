"""The pacing of steps: deadlines, overruns, signals."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.agent import Agent
from wca_core.errors import StartError
from wca_core.host import Host
from wca_core.loop import next_deadline, run_steps
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import Machine, whole_binding

TIMES = st.floats(0, 1e6)
INTERVALS = st.floats(0.001, 60)


@given(TIMES, TIMES, INTERVALS)
def test_every_deadline_is_served_or_counted_as_missed(deadline: float, late: float, interval: float) -> None:
    new, missed = next_deadline(deadline, deadline + late, interval)

    assert missed >= 0
    assert new - deadline == pytest.approx((missed + 1) * interval, rel=1e-6, abs=1e-6)


@given(TIMES, TIMES, INTERVALS)
def test_the_next_deadline_lies_less_than_an_interval_away(deadline: float, late: float, interval: float) -> None:
    now = deadline + late

    new, _ = next_deadline(deadline, now, interval)

    assert now - interval - 1e-6 <= new <= now + interval + 1e-6


@given(TIMES, st.floats(-1e6, 1e6), st.sampled_from([0.0, -1.0]))
def test_without_an_interval_the_next_step_is_now(deadline: float, now: float, interval: float) -> None:
    assert next_deadline(deadline, now, interval) == (now, 0)


@given(TIMES, st.floats(0, 1e6), INTERVALS)
def test_a_step_that_ends_before_its_deadline_waits_for_the_next(
    deadline: float, early: float, interval: float
) -> None:
    assert next_deadline(deadline, deadline - early, interval) == (deadline + interval, 0)


@pytest.mark.parametrize(
    ("now", "expected"),
    [(10.0, (11.0, 0)), (10.9, (11.0, 0)), (11.0, (11.0, 0)), (11.9, (11.0, 0)), (12.0, (12.0, 1)), (15.5, (15.0, 4))],
)
def test_a_late_deadline_is_served_at_once_and_those_before_it_are_missed(
    now: float, expected: tuple[float, int]
) -> None:
    assert next_deadline(10.0, now, 1.0) == expected


@plugin(api=1)
@dataclass(eq=False)
class Takes:
    """A collector that takes its time: the clock goes on while it measures."""

    machine: Machine
    seconds: list[float]
    steps: int = 0
    events: list[str] = field(default_factory=list)
    also: Callable[[], object] = lambda: None

    @hookimpl
    def start(self) -> None:
        self.events.append("start")

    @hookimpl
    def collect_metrics(self) -> None:
        self.machine.clock.advance(self.seconds[self.steps])
        self.steps += 1
        self.also()

    @hookimpl
    def stop(self) -> None:
        self.events.append("stop")


def run(machine: Machine, *plugins: object, interval: float | None = 1.0, count: int | None = None) -> Agent:
    agent = Agent([whole_binding(one) for one in plugins], machine.host())
    run_steps(agent, interval, count)
    return agent


def test_a_step_that_overruns_counts_an_overrun_and_the_deadlines_it_missed(tmp_path: Path) -> None:
    machine = Machine(tmp_path)

    agent = run(machine, Takes(machine, [1.0, 3.5, 0.5, 0.0]), count=4)

    statistics = agent.host.statistics
    assert (statistics.iterations, statistics.overruns, statistics.missed_deadlines) == (4, 1, 2)


def test_a_wall_clock_that_jumps_neither_delays_nor_misses_a_step(tmp_path: Path) -> None:
    machine = Machine(tmp_path)

    def jump() -> None:
        machine.clock.time += -1e9 if machine.clock.time > 1e9 else 2e9

    takes = Takes(machine, [1.0] * 6, also=jump)
    agent = run(machine, takes, count=6)

    assert takes.steps == 6
    assert (agent.host.statistics.overruns, agent.host.statistics.missed_deadlines) == (0, 0)


@pytest.mark.parametrize("interval", [0, 0.0, None])
def test_without_an_interval_steps_follow_each_other_and_none_overruns(tmp_path: Path, interval: float | None) -> None:
    machine = Machine(tmp_path)

    agent = run(machine, Takes(machine, [5.0] * 3), interval=interval, count=3)

    assert (agent.host.statistics.overruns, agent.host.statistics.missed_deadlines) == (0, 0)


def test_plugins_are_started_before_and_stopped_after_the_steps(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    takes = Takes(machine, [1.0])

    run(machine, takes, count=1)

    assert takes.events == ["start", "stop"]


def test_plugins_are_stopped_even_if_the_process_is_asked_to_end_in_a_step(tmp_path: Path) -> None:
    machine = Machine(tmp_path)

    def interrupt() -> None:
        raise KeyboardInterrupt

    takes = Takes(machine, [1.0], also=interrupt)

    with pytest.raises(KeyboardInterrupt):
        run(machine, takes)

    assert takes.events == ["start", "stop"]


def test_a_start_that_is_refused_takes_no_step(tmp_path: Path) -> None:
    @plugin(api=1)
    class Refusing:
        @hookimpl
        def start(self) -> None:
            raise StartError("no hardware")

    machine = Machine(tmp_path)
    takes = Takes(machine, [1.0])

    with pytest.raises(StartError, match="refusing cannot start: no hardware"):
        run(machine, takes, Refusing())

    assert (takes.steps, takes.events) == (0, ["start", "stop"])


@contextmanager
def storm_of(number: signal.Signals) -> Iterator[None]:
    """This signal, to this thread, as often as can be."""
    is_over = threading.Event()
    target = threading.get_ident()

    def send() -> None:
        while not is_over.is_set():
            signal.pthread_kill(target, number)

    before = signal.signal(number, signal.SIG_IGN)  # until the loop obeys it, and again after
    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        is_over.set()
        sender.join()
        signal.signal(number, before)


def test_reloads_without_number_neither_hurry_nor_lose_the_pauses() -> None:
    @plugin(api=1)
    class Reloads:
        count = 0

        @hookimpl
        def reload(self) -> None:
            self.count += 1

    reloads = Reloads()
    started = time.monotonic()
    with storm_of(signal.SIGHUP):
        run_steps(Agent([whole_binding(reloads)], Host()), 0.1, count=21)

    assert reloads.count > 0
    assert time.monotonic() - started >= 20 * 0.1
