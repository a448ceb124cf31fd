"""One step: tasks are found, measured, kept; conflicts are settled; clocks jump."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from wca_core.agent import Agent
from wca_core.errors import HostError, StartError
from wca_core.host import Host
from wca_core.model.metric import Metric, Sample, Samples, Series, counter
from wca_core.model.snapshot import Snapshot
from wca_core.model.task import Task
from wca_core.overview import OverviewMaker
from wca_core.per_task import PerTask
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import GivenTasks, Machine, Memory, make_task, running, whole_binding

USED = Metric("task_used", "What a task used.", counter)


@plugin(api=1)
@dataclass(eq=False)
class FailingNode:
    """A discoverer that fails on demand."""

    tasks: list[Task]
    answer: object = None
    """What it gives in place of its tasks; an exception is raised."""

    @hookimpl
    def discover_tasks(self) -> object:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.tasks if self.answer is None else self.answer


@plugin(api=1)
@dataclass(eq=False)
class Keeper:
    """Keeps state for each task and remembers what it saw."""

    seen: list[Sequence[Task]] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.states: PerTask[str] = PerTask(self._make, close=self.closed.append)

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task], host: Host) -> Iterator[Sample]:
        self.seen.append(tasks)
        self.states.of(tasks, host.known_tasks)
        for task in tasks:
            yield USED.sample(1, task)

    def _make(self, task: Task) -> str:
        self.made.append(task.task_id)
        return task.task_id


def series_of(samples: Samples) -> list[Series]:
    return [series for series in samples.series if series.metric is USED]


@pytest.mark.parametrize("failure", [HostError("no answer"), [5], 5, "text"], ids=repr)
def test_the_tasks_of_a_discoverer_that_fails_are_not_measured_but_kept(tmp_path: Path, failure: object) -> None:
    node, keeper = FailingNode([make_task("/a")]), Keeper()

    with running(Machine(tmp_path), [node, keeper], [make_task("/other")]) as agent:
        before = series_of(agent.step().samples)
        node.answer = failure
        during = agent.step()
        down = agent.host.statistics.plugin("failing-node").up
        node.answer, node.tasks = None, [make_task("/a")]
        after = series_of(agent.step().samples)
        assert keeper.closed == []

    assert [task.task_id for task in during.tasks] == ["/other"]
    assert not down
    assert [one is other for one, other in zip(before, after, strict=True)] == [True, True]
    assert keeper.seen[0][1] is keeper.seen[2][1]
    assert keeper.made == ["/other", "/a"]


def test_a_task_that_a_later_answer_omits_is_gone(tmp_path: Path) -> None:
    node, keeper = FailingNode([make_task("/a")]), Keeper()

    with running(Machine(tmp_path), [node, keeper]) as agent:
        agent.step()
        node.answer = HostError("no answer")
        agent.step()
        kept = dict(agent.host.known_tasks)
        node.answer = []
        agent.step()
        assert keeper.closed == ["/a"]

    assert list(kept) == ["/a"]
    assert agent.host.known_tasks == {}


def test_if_no_discoverer_succeeds_nobody_detects_but_own_metrics_are_stored(tmp_path: Path) -> None:
    asked: list[Snapshot] = []

    @plugin(api=1)
    class Detector:
        @hookimpl
        def detect(self, snapshot: Snapshot) -> None:
            asked.append(snapshot)

    memory = Memory()
    bindings = [whole_binding(one) for one in (FailingNode([], HostError("x")), Detector(), Keeper(), memory)]
    agent = Agent(bindings, Machine(tmp_path).host())
    agent.start()

    agent.step()
    agent.stop()

    assert asked == []
    assert len(memory.stored["metrics"]) == 1
    assert agent.host.statistics.undiscovered_steps == 1
    assert agent.host.statistics.tasks is None


def test_hooks_are_given_the_same_objects_as_long_as_nothing_changes(tmp_path: Path) -> None:
    node, keeper = FailingNode([make_task("/a", labels={"x": "1"})]), Keeper()

    with running(Machine(tmp_path), [node, keeper]) as agent:
        agent.step()
        node.tasks = [make_task("/a", labels={"x": "1"})]
        agent.step()
        node.tasks = [make_task("/a", labels={"x": "2"})]
        agent.step()

    first, second, third = keeper.seen
    assert first is second
    assert second[0] is not third[0]
    assert agent.host.known_tasks["/a"].labels == {"x": "2"}


@pytest.mark.parametrize("second", [make_task("/b", task_id="/a"), make_task("/a", task_id="/b")])
def test_of_two_tasks_with_one_id_or_one_cgroup_the_first_is_kept(tmp_path: Path, second: Task) -> None:
    first = make_task("/a")

    with running(Machine(tmp_path), [FailingNode([second])], [first]) as agent:
        steps = [agent.step() for _ in range(3)]

    assert all(len(step.tasks) == 1 and step.tasks[0] is first for step in steps)
    assert agent.host.statistics.conflicting_tasks == 1


def test_two_discoverers_that_swap_their_tasks_keep_every_series(tmp_path: Path) -> None:
    left, right, keeper = GivenTasks(tasks=[make_task("/a")]), FailingNode([make_task("/b")]), Keeper()

    with running(Machine(tmp_path), [left, right, keeper]) as agent:
        agent.step()
        left.tasks, right.tasks = [make_task("/b")], [make_task("/a")]
        step = agent.step()

    assert sorted(task.task_id for task in step.tasks) == ["/a", "/b"]
    assert set(agent.host.known_tasks) == {"/a", "/b"}


def test_a_plugin_that_refuses_to_start_ends_the_start_and_those_before_it_are_stopped(tmp_path: Path) -> None:
    events: list[str] = []

    @plugin(api=1)
    @dataclass(eq=False)
    class Part:
        name: str
        reason: str = ""

        @hookimpl
        def start(self, host: Host) -> None:
            events.append(f"start {self.name}")
            if self.reason:
                raise StartError(self.reason)

        @hookimpl
        def stop(self) -> None:
            events.append(f"stop {self.name}")

    parts = [Part("a"), Part("b", "/sys/fs/resctrl is not mounted"), Part("c")]
    agent = Agent([whole_binding(part, part.name) for part in parts], Machine(tmp_path).host())

    with pytest.raises(StartError, match="b cannot start: /sys/fs/resctrl is not mounted"):
        agent.start()

    assert events == ["start a", "start b", "stop b", "stop a"]


def test_every_plugin_is_stopped_even_if_one_fails_to(tmp_path: Path) -> None:
    stopped: list[str] = []

    @plugin(api=1)
    class Stubborn:
        @hookimpl
        def stop(self) -> None:
            raise RuntimeError("no")

    @plugin(api=1)
    class Polite:
        @hookimpl
        def stop(self) -> None:
            stopped.append("polite")

    with running(Machine(tmp_path), [Polite(), Stubborn()]) as agent:
        agent.step()

    assert stopped == ["polite"]


@plugin(api=1)
@dataclass(eq=False)
class Rates:
    """Measures a counter that grows by 10 a step and looks at its rate."""

    value: int = 0
    rates: list[float | None] = field(default_factory=list)
    seconds: list[float | None] = field(default_factory=list)

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task]) -> list[Sample]:
        self.value += 10
        return [USED.sample(self.value, task) for task in tasks]

    @hookimpl
    def detect(self, snapshot: Snapshot) -> None:
        self.rates.append(snapshot.rate(USED, snapshot.tasks[0]))
        self.seconds.append(snapshot.seconds)


@pytest.mark.parametrize("jump", [3600.0, -3600.0, -1.0, -2.0, 1e9])
def test_rates_do_not_notice_a_wall_clock_that_jumps(tmp_path: Path, jump: float) -> None:
    machine, rates = Machine(tmp_path), Rates()

    with running(machine, [rates], [make_task("/a")]) as agent:
        for at in range(3):
            agent.step()
            machine.clock.advance(2.0)
            machine.clock.time += jump if at == 0 else 0

    assert rates.rates == [None, 5.0, 5.0]
    assert rates.seconds == [None, 2.0, 2.0]


def test_a_rate_is_none_after_a_reset_and_for_what_was_not_measured(tmp_path: Path) -> None:
    machine, rates = Machine(tmp_path), Rates()

    with running(machine, [rates], [make_task("/a")]) as agent:
        agent.step()
        machine.clock.advance(1.0)
        rates.value = -100
        agent.step()

    assert rates.rates == [None, None]


def test_snapshots_do_not_chain_up(tmp_path: Path) -> None:
    snapshots: list[Snapshot] = []

    @plugin(api=1)
    class Detector:
        @hookimpl
        def detect(self, snapshot: Snapshot) -> None:
            snapshots.append(snapshot)

    with running(Machine(tmp_path), [Detector()]) as agent:
        for _ in range(3):
            agent.step()

    assert [one.previous is not None for one in snapshots] == [False, False, True]


def test_a_snapshot_answers_by_task_metric_and_levels() -> None:
    pages = Metric("task_pages", "Pages.", counter, levels=("node", "kind"))
    task, other = make_task("/a"), make_task("/b")
    samples = Samples.of([pages.sample(1, task, node=0, kind="x"), pages.sample(2, task, node=1, kind="x")])

    snapshot = Snapshot(now=1.0, tasks=[task, other], samples=samples)

    assert snapshot.value(pages, task, kind="x", node=1) == 2
    assert snapshot.value("task_pages", task, kind="y", node=1) is None
    assert snapshot.value(pages, other, kind="x", node=1) is None
    assert snapshot.values(pages, task) == {("0", "x"): 1, ("1", "x"): 2}
    assert snapshot.values(pages) == {}
    assert snapshot.seconds is None


def test_rates_are_by_the_time_between_measurements_however_long_a_step_takes(tmp_path: Path) -> None:
    """A counter of one a second, read at the beginning of each step; the first step takes long."""
    machine, rates, maker = Machine(tmp_path), [], OverviewMaker()
    durations = iter([0.6, 0.1, 0.3])
    usage = Metric("task_cpu_usage_seconds", "CPU time.", counter, unit="seconds")

    @plugin(api=1)
    class Slow:
        @hookimpl
        def collect_metrics(self, tasks: Sequence[Task], host: Host) -> list[Sample]:
            read = host.clock.monotonic()
            machine.clock.advance(next(durations))
            return [usage.sample(read, task) for task in tasks]

    @plugin(api=1)
    class Looker:
        @hookimpl
        def detect(self, snapshot: Snapshot) -> None:
            rates.append(snapshot.rate(usage, snapshot.tasks[0]))

    @plugin(api=1)
    class Shown:
        stores_locally = True

        @hookimpl
        def store(self, samples: Samples, stream: str) -> None:
            maker.add(samples, stream, machine.clock.now())

    shown = []
    with running(machine, [Slow(), Looker(), Shown()], [make_task("/a")]) as agent:
        for pause in (0.4, 0.9, 0.7):
            agent.step()
            overview = maker.overview()
            assert overview is not None
            shown.append(overview.tasks[0].cpus)
            machine.clock.advance(pause)

    assert rates == [None, pytest.approx(1.0), pytest.approx(1.0)]
    assert shown == [None, pytest.approx(1.0), pytest.approx(1.0)]
