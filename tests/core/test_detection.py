"""A step that detects: what a detector is given, what becomes of what it finds, and who stores it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from wca_core.agent import Agent
from wca_core.builtin.nop import NOPAllocator, NOPAnomalyDetector
from wca_core.dispatch import STREAMS, Binding
from wca_core.hookspecs import Stream
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.anomaly import Anomaly
from wca_core.model.metric import Metric, Sample, Samples, counter, gauge
from wca_core.model.snapshot import Snapshot
from wca_core.model.task import Task
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import GivenTasks, Machine, Memory, make_task, run_step, running, whole_binding

USED = Metric("task_used", "What a task used.", counter)
EXTRA = Metric("detector_extra", "What the detector tells beside anomalies.", gauge)


@plugin(api=1)
@dataclass(eq=False)
class Suspicious:
    """Finds something in every step; remembers what it was shown."""

    shown: list[Snapshot] = field(default_factory=list)

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task]) -> Iterator[Sample]:
        yield from (USED.sample(10 * len(self.shown), task) for task in tasks)

    @hookimpl
    def read_allocations(self) -> list[Allocation]:
        return [Allocation("/a", AllocationType.CPU_SHARES, 2)]

    @hookimpl
    def detect(self, snapshot: Snapshot) -> Iterator[Anomaly | Sample]:
        self.shown.append(snapshot)
        yield Anomaly(contended_task_id="/a", contending_task_ids=("/b",))
        yield EXTRA.sample(len(self.shown))


@plugin(api=1)
@dataclass(eq=False)
class Journal:
    """A storage that writes down in which order it and others are called."""

    name: str
    entries: list[tuple[str, str, set[str]]]

    stores_locally = True

    @hookimpl
    def store(self, samples: Samples, stream: str) -> None:
        self.entries.append((self.name, stream, {sample.name for sample in samples} & {"anomaly", EXTRA.name}))


def stored_by(
    tmp_path: Path, plugins: Sequence[object], **streams: frozenset[Stream]
) -> list[tuple[str, str, set[str]]]:
    """What storages of these streams are given in one step, in order."""
    entries: list[tuple[str, str, set[str]]] = []
    storages = [
        Binding(name=name, plugin=Journal(name, entries), hooks=frozenset({"store"}), streams=of_storage)
        for name, of_storage in streams.items()
    ]
    node = GivenTasks(tasks=[make_task("/a"), make_task("/b")])
    agent = Agent([*map(whole_binding, [node, *plugins]), *storages], Machine(tmp_path).host())
    agent.start()
    agent.step()
    agent.stop()
    return entries


def test_a_detector_sees_tasks_with_their_labels_resources_values_rates_and_the_time(tmp_path: Path) -> None:
    machine, detector = Machine(tmp_path), Suspicious()
    task = make_task("/a", labels={"tier": "1"}, resources={"cpus": 2.0})

    with running(machine, [detector], [task]) as agent:
        agent.step()
        machine.clock.advance(2.0)
        agent.step()

        seen = detector.shown[-1]
        assert seen.now == machine.clock.time
        assert (seen.tasks[0].all_labels["tier"], seen.tasks[0].resources) == ("1", {"cpus": 2.0})
        assert (seen.value(USED, task), seen.rate(USED, task)) == (10, 5.0)
        assert seen.allocations == []


def test_a_detector_beside_an_allocator_sees_what_is_in_force(tmp_path: Path) -> None:
    detector = Suspicious()

    run_step(Machine(tmp_path), [detector, NOPAllocator()], [make_task("/a")])

    assert detector.shown[0].allocations == [Allocation("/a", AllocationType.CPU_SHARES, 2)]


def test_anomalies_are_stored_before_allocations_and_metrics_last(tmp_path: Path) -> None:
    entries = stored_by(tmp_path, [Suspicious(), NOPAllocator()], all=STREAMS)

    assert [stream for _, stream, _ in entries] == ["anomalies", "allocations", "metrics"]


def test_what_a_detector_tells_is_not_stored_twice_by_one_storage(tmp_path: Path) -> None:
    both, one, other = frozenset(STREAMS - {"metrics"}), frozenset({"anomalies"}), frozenset({"allocations"})

    entries = stored_by(tmp_path, [Suspicious(), NOPAllocator()], both=both, one=one, other=other)

    assert sorted(entries) == [
        ("both", "allocations", set()),
        ("both", "anomalies", {"anomaly", "detector_extra"}),
        ("one", "anomalies", {"anomaly", "detector_extra"}),
        ("other", "allocations", {"detector_extra"}),
    ]


def test_without_an_allocator_nothing_is_stored_for_allocations(tmp_path: Path) -> None:
    assert [stream for _, stream, _ in stored_by(tmp_path, [Suspicious()], all=STREAMS)] == ["anomalies", "metrics"]


@pytest.mark.parametrize("nothing", [NOPAnomalyDetector(), NOPAllocator()], ids=["detector", "allocator"])
def test_where_nothing_is_found_the_statistics_are_stored(tmp_path: Path, nothing: object) -> None:
    memory = Memory()

    run_step(Machine(tmp_path), [nothing, memory], [make_task("/a")])

    stored = {sample.name: sample.value for sample in memory.stored["anomalies"][0]}
    assert stored == {"anomaly_count": 0, "wca_anomaly_unknown_tasks": 0}


def test_the_series_of_all_streams_stay_the_same_objects_while_the_same_is_found(tmp_path: Path) -> None:
    memory = Memory()

    with running(Machine(tmp_path), [Suspicious(), NOPAllocator(), memory], [make_task("/a")]) as agent:
        for _ in range(3):
            agent.step()

    for _, before, after in memory.stored.values():
        assert before.series is after.series or not before.series


def test_how_long_the_detection_took_is_measured(tmp_path: Path) -> None:
    machine = Machine(tmp_path)

    @plugin(api=1)
    class Slow:
        @hookimpl
        def detect(self) -> None:
            machine.clock.advance(0.25)

    with running(machine, [Slow()]) as agent:
        agent.step()
        samples = agent.step().samples

    durations = {repr(one.series): one.value for one in samples}
    assert durations['wca_duration_seconds{function="detect"}'] == 0.25
    assert durations['wca_duration_seconds_avg{function="detect"}'] == 0.25
    assert {'wca_duration_seconds{function="sync_containers_state"}'} <= durations.keys()


def test_where_nobody_detects_no_detection_is_measured(tmp_path: Path) -> None:
    with running(Machine(tmp_path), [NOPAllocator()]) as agent:
        agent.step()

    assert "detect" not in agent.host.statistics.functions
