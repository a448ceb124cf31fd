"""All that a detector can ask of a snapshot is answered in a replay as it was while the agent measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from wca_record import replay as replayed
from wca_record.recorder import Recorder

from wca_core.agent import Agent
from wca_core.host import Host
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.metric import Metric, Sample, counter, gauge
from wca_core.model.platform import Platform
from wca_core.model.snapshot import Snapshot
from wca_core.model.task import Task
from wca_core.plan import Plugged
from wca_core.plugin_api import hookimpl, plugin
from wca_core.registry import Registry
from wca_core.settings import AllocationSettings
from wca_core.testing import make_task

USAGE = Metric("acme_usage_seconds", "CPU time.", counter, "seconds", ("cpu",))
LOAD = Metric("acme_load", "Load.", gauge)
DOUBLE = Metric("acme_double", "Twice the load.", gauge)
NUMBERS = range(4)
CLASSES = ("besteffort", "guaranteed", "burstable")
PLATFORMS = [
    Platform(topology={0: {0: (0, 1), 1: (2, 3)}}, node_cpus={0: frozenset({0, 1, 2, 3})}),
    Platform(topology={0: {0: (0, 1)}}, node_cpus={0: frozenset({0, 1})}),
]


@dataclass
class Clock:
    time: float = 1e9
    steady: float = 5.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.steady


@dataclass(eq=False, kw_only=True)
class Machine(Host):
    """Whose CPUs come and go."""

    at_hand: Platform | None = None

    @property
    def platform_if_known(self) -> Platform | None:
        return self.at_hand


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What there is in a step."""

    first: tuple[int, ...] | None
    """The tasks that a discoverer finds, None: it fails; likewise `second`."""
    second: tuple[int, ...] | None
    relabelled: int | None
    measured: frozenset[int]
    values: tuple[float, ...]
    load: float | None
    platform: int | None
    seconds: float
    jump: float


moments = st.builds(
    Moment,
    first=st.none() | st.lists(st.sampled_from(NUMBERS[:3]), max_size=3, unique=True).map(tuple),
    second=st.none() | st.just(()) | st.just((3,)),
    relabelled=st.none() | st.sampled_from(NUMBERS),
    measured=st.frozensets(st.sampled_from(NUMBERS)) | st.just(frozenset(NUMBERS)),
    values=st.tuples(*[st.integers(0, 2**60) | st.floats(0, 1e6)] * len(NUMBERS)),
    load=st.none() | st.floats(allow_nan=False) | st.integers(-(2**70), 2**70),
    platform=st.none() | st.sampled_from(range(len(PLATFORMS))),
    seconds=st.sampled_from([0.0, 0.5, 1.0, 1.0, 3.25, 1000.0]),
    jump=st.sampled_from([0.0, 0.0, -3600.0, 5.5]),
)


@plugin(api=1)
@dataclass(eq=False)
class Discoverer:
    """Finds what a script says, in the same tasks as long as they are the same."""

    tasks: dict[int, Task]
    found: tuple[int, ...] | None = ()

    @hookimpl
    def discover_tasks(self) -> list[Task]:
        if self.found is None:
            raise OSError("no answer")
        return [self.tasks[number] for number in self.found]


@plugin(api=1)
@dataclass(eq=False)
class Collector:
    moment: Moment | None = None

    @hookimpl
    def collect_metrics(self, tasks: list[Task]) -> Iterator[Sample]:
        assert self.moment is not None
        for task in tasks:
            number = int(task.task_id)
            for cpu in range(2 if number in self.moment.measured else 0):
                yield USAGE.sample(self.moment.values[number] + cpu, task, cpu=cpu)
        if self.moment.load is not None:
            yield LOAD.sample(self.moment.load)


@plugin(api=1)
class Derives:
    @hookimpl
    def derive_metrics(self, snapshot: Snapshot) -> Iterator[Sample]:
        load = snapshot.value(LOAD)
        if load is not None:
            yield DOUBLE.sample(2 * load)


@plugin(api=1)
class Allocates:
    """Wishes nothing, and tells what is in force."""

    @hookimpl
    def allocate(self) -> list[Allocation]:
        return []

    @hookimpl
    def read_allocations(self, tasks: list[Task]) -> Iterator[Allocation]:
        for task in tasks:
            yield Allocation(task.task_id, AllocationType.CPU_QUOTA, 0.25 * (1 + int(task.task_id)))


@plugin(api=1)
@dataclass(eq=False)
class Spy:
    """Asks everything."""

    looks_back = {USAGE.name: 10.0, DOUBLE.name: 3600.0}
    told: list[dict[str, object]] = field(default_factory=list)
    kept: list[tuple[bool, ...]] = field(default_factory=list)
    """What is the very same object as in the step before."""
    host: Host | None = None

    @hookimpl
    def start(self, host: Host) -> None:
        self.host = host

    @hookimpl(tryfirst=True)
    def detect(self, snapshot: Snapshot) -> None:
        assert self.host is not None
        host, previous = self.host, snapshot.previous
        self.told.append(
            {
                "times": (snapshot.now, snapshot.steady, snapshot.taken_at, snapshot.seconds),
                "host": (host.clock.now(), sorted(host.known_tasks), host.name, host.labels),
                "tasks": [(task, snapshot.task_class(task)) for task in snapshot.tasks],
                "known": [number for number in NUMBERS if str(number) in snapshot.known_tasks],
                "samples": [_exact(one) for one in snapshot.samples],
                "asked": [_asked(snapshot, task) for task in [None, *snapshot.tasks]],
                "platform": _platform(snapshot.platform),
                "in force": [(one, type(one.value)) for one in snapshot.allocations],
                "of tasks": [dict(snapshot.allocations_of(task)) for task in snapshot.tasks],
                "before": previous and (previous.now, previous.taken_at, [*map(_exact, previous.samples)]),
                "before that": previous and previous.previous,
            }
        )
        if previous is not None:
            self.kept.append(
                (
                    snapshot.tasks is previous.tasks,
                    snapshot.samples.series is previous.samples.series,
                    snapshot.platform is previous.platform,
                )
            )


def _exact(sample: Sample) -> object:
    metric = sample.series.metric
    described = metric.name, metric.help, metric.type, metric.unit, metric.levels, metric.merge
    return repr(sample.series), described, type(sample.value), repr(sample.value)


def _asked(snapshot: Snapshot, task: Task | None) -> object:
    metrics = (USAGE, LOAD, DOUBLE) if task is None else (USAGE,)
    plain = [(snapshot.value(one, task), snapshot.rate(one, task), snapshot.values(one, task)) for one in metrics]
    by_cpu = [(snapshot.value(USAGE, task, cpu=cpu), snapshot.rate(USAGE, task, cpu=cpu)) for cpu in range(2)]
    back = snapshot.history(DOUBLE) if task is None else snapshot.history(USAGE, task, cpu=1)
    return plain, by_cpu, [*back], [*back.last(3.0)], back.rate, back.mean


def _platform(platform: Platform | None) -> object:
    if platform is None:
        return None
    asked = [(platform.socket_of(cpu), platform.core_of(cpu), platform.siblings(cpu)) for cpu in range(5)]
    return asked, platform.online_cpus, platform.smt_active, dict(platform.labels), repr(platform)


def live(script: list[Moment], file: Path) -> Spy:
    """What a detector is told while an agent measures what the script says and records it."""
    tasks = {number: task_of(number, 0) for number in NUMBERS}
    discoverers, collector, spy = (Discoverer(tasks), Discoverer(tasks)), Collector(), Spy()
    host = Machine(name="box", extra_labels={"rack": "7"}, clock=Clock())
    plugged = Plugged(Registry())
    for one in (*discoverers, collector, Derives(), Allocates(), spy, Recorder(file=str(file))):
        plugged.add_whole(one)
    agent = Agent(plugged.bindings, host, allocation=AllocationSettings(restore_state_file=f"{file}.journal"))
    agent.start()
    try:
        for number, moment in enumerate(script):
            discoverers[0].found, discoverers[1].found, collector.moment = moment.first, moment.second, moment
            if moment.relabelled is not None:
                tasks[moment.relabelled] = task_of(moment.relabelled, number)
            host.at_hand = None if moment.platform is None else PLATFORMS[moment.platform]
            host.clock.steady += moment.seconds
            host.clock.time += moment.seconds + moment.jump
            agent.step()
            host.statistics.iterations += 1
    finally:
        agent.stop()
    return spy


def task_of(number: int, version: int) -> Task:
    labels = {"app_kubernetes_io__qos_class": CLASSES[(number + version) % 3], "app": f"a{version}"}
    return make_task(f"/{number}", task_id=str(number), labels=labels, resources={"requests_cpu": number / 2})


@given(st.lists(moments, min_size=1, max_size=12))
@settings(max_examples=40, deadline=None)
def test_a_detector_is_told_the_same_as_while_the_agent_measured(script):
    with TemporaryDirectory() as folder:
        file = Path(folder, "live.arrows")
        was = live(script, file)
        again = Spy()
        result = replayed(file, [again])

    assert result.trouble is None
    assert len(result.steps) == len(script)
    for then, now in zip(was.told, again.told, strict=True):
        for what, answer in then.items():
            assert (what, now[what]) == (what, answer)
    for then, now in zip(was.kept, again.kept, strict=True):
        assert all(is_kept or not was_kept for was_kept, is_kept in zip(then, now, strict=True))
