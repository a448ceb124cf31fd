from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from wca_record import open_recording
from wca_record.filing import Filing, Ways
from wca_record.recorder import Recorder
from wca_record.scribe import QUEUE, Scribe
from wca_record.writer import Writer

from plugins.wca_record.tests.given import ABOUT, told, usual
from wca_core.agent import Agent
from wca_core.errors import StartError
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.metric import Metric, gauge
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import Machine, Memory, conformance, make_task, running
from wca_core.testing.plugins import whole_binding

DOUBLE = Metric("task_double", "Twice the number.", gauge)
TASK = make_task("/a", labels={"app": "web"})


def recorder(tmp_path, **fields):
    return Recorder(file=str(tmp_path / "r.arrows"), **fields)


def steps_of(tmp_path):
    recording = open_recording(tmp_path / "r.arrows")
    found = list(recording.steps())
    assert recording.trouble is None
    return found


TestConformance = conformance(Recorder, file=lambda folder: f"{folder}/r.arrows", overwrite=True, chunk_seconds=0)


@plugin(api=1)
class Derived:
    @hookimpl
    def derive_metrics(self, snapshot):
        return [DOUBLE.sample(2, task) for task in snapshot.tasks]


@plugin(api=1)
class InForce:
    @hookimpl
    def allocate(self):
        return []

    @hookimpl
    def read_allocations(self, tasks):
        return [Allocation(task.task_id, AllocationType.CPU_QUOTA, 0.5) for task in tasks]


def test_every_step_is_recorded_as_it_was_stored(tmp_path):
    machine = Machine(tmp_path / "machine").cgroup_v2("/a", {"cpu.stat": "usage_usec 2500000"})
    with running(machine, [recorder(tmp_path)], [TASK]) as agent:
        made = [agent.step() for _ in range(3)]

    found = steps_of(tmp_path)
    assert [one.now for one in found] == [one.now for one in made]
    assert [one.steady for one in found] == [one.steady for one in made]
    assert [list(one.tasks) for one in found] == [[TASK]] * 3
    for one, step in zip(found, made, strict=True):
        assert [(s.name, s.labels, s.value) for s in one.samples] == [(s.name, s.labels, s.value) for s in step.samples]


def test_what_is_derived_and_in_force_is_recorded_too(tmp_path):
    machine = Machine(tmp_path / "machine").cgroup_v2("/a", {})
    with running(machine, [recorder(tmp_path), Derived(), InForce()], [TASK]) as agent:
        agent.step()

    (found,) = steps_of(tmp_path)
    assert [one.value for one in found.samples if one.name == "task_double"] == [2]
    assert found.allocations == (Allocation("/a", AllocationType.CPU_QUOTA, 0.5),)


def test_a_recording_tells_host_labels_and_version(tmp_path):
    host = Machine(tmp_path / "machine").cgroup_v2("/a", {}).host()
    host.extra_labels = {"rack": "r7"}
    with running(host, [recorder(tmp_path)]) as agent:
        agent.step()

    about = open_recording(tmp_path / "r.arrows").about
    assert (about.host, about.labels["rack"], about.format) == (host.name, "r7", 1)


def test_what_became_of_the_steps_is_measured(tmp_path):
    machine = Machine(tmp_path / "machine").cgroup_v2("/a", {})
    made = recorder(tmp_path)
    with running(machine, [made], [TASK]) as agent:
        step = agent.step()

    assert {sample.name for sample in step.samples} >= {one.name for one in made.describe_metrics()}
    assert (made.counts.steps, made.counts.dropped) == (1, 0)
    assert made.counts.bytes == (tmp_path / "r.arrows").stat().st_size


def test_an_existing_file_keeps_the_agent_from_starting(tmp_path):
    (tmp_path / "r.arrows").write_text("precious")
    machine = Machine(tmp_path / "machine")

    with (
        pytest.raises(StartError, match=r"record.* cannot start: .*r\.arrows exists"),
        running(machine, [recorder(tmp_path)]),
    ):
        pass

    assert (tmp_path / "r.arrows").read_text() == "precious"


def test_a_directory_that_is_missing_is_a_need_that_is_not_met(tmp_path):
    host = Machine(tmp_path / "machine").host()
    (need,) = Recorder(file=str(tmp_path / "none" / "r.arrows")).requirements()

    assert not need.is_met(host)
    assert need.cure_on(host) == f"mkdir -p {tmp_path / 'none'}"


def test_a_failing_disk_costs_no_other_plugin_its_samples(tmp_path):
    machine = Machine(tmp_path / "machine").cgroup_v2("/a", {})
    memory, made = Memory(), recorder(tmp_path, chunk_seconds=0)
    with running(machine, [made, memory], [TASK]) as agent:
        agent.step()
        (tmp_path / "r.arrows").unlink()
        tmp_path.chmod(0o500)
        try:
            for _ in range(5):
                agent.step()
        finally:
            tmp_path.chmod(0o700)

    assert agent.host.statistics.plugin("record").errors == {}


def test_after_a_reload_a_renamed_file_has_a_successor(tmp_path):
    machine = Machine(tmp_path / "machine").cgroup_v2("/a", {})
    with running(machine, [recorder(tmp_path)], [TASK]) as agent:
        agent.step()
        (tmp_path / "r.arrows").rename(tmp_path / "older")
        agent.reload()
        agent.step()

    assert len(steps_of(tmp_path)) == 1
    older = open_recording(tmp_path / "older")
    assert len(list(older.steps())) == 1
    assert older.trouble is None


class Gate(Writer):
    """Tells nothing until it is opened, as on a disk that hangs."""

    opened = threading.Event()

    def add(self, step):
        self.opened.wait(30)
        super().add(step)


def test_a_slow_disk_costs_the_newest_steps_which_are_counted_and_told_once(tmp_path, caplog):
    ways = Ways(path=str(tmp_path / "r.arrows"))
    scribe = Scribe(Filing(ways, lambda: Gate(ABOUT)))

    for number in range(QUEUE + 10):
        scribe.take(usual(number))
    Gate.opened.set()
    scribe.close()

    found = steps_of(tmp_path)
    kept = len(found)
    assert QUEUE <= kept <= QUEUE + 1
    assert [told(one) for one in found] == [told(usual(number)) for number in range(kept)]
    assert scribe.counts.dropped == QUEUE + 10 - kept
    assert caplog.text.count("some are left out") == 1


def test_a_step_that_is_left_out_is_a_gap_in_the_numbers(tmp_path):
    scribe = Scribe(Filing(Ways(path=str(tmp_path / "r.arrows")), lambda: Writer(ABOUT)))

    for number in (0, 1, 5):
        scribe.take(replace(usual(1), number=number))
    scribe.close()

    assert [one.number for one in steps_of(tmp_path)] == [0, 1, 5]


def test_a_chunk_is_written_in_time_although_no_step_comes(tmp_path):
    path = tmp_path / "r.arrows"
    scribe = Scribe(Filing(Ways(path=str(path), chunk_seconds=0.05), lambda: Writer(ABOUT)))
    scribe.take(usual(0))

    give_up = time.monotonic() + 30
    while not path.stat().st_size and time.monotonic() < give_up:
        time.sleep(0.01)

    assert path.stat().st_size
    scribe.close()


@plugin(api=1)
class Away:
    """A discoverer that answers only now and then."""

    is_there = False

    @hookimpl
    def discover_tasks(self):
        if not self.is_there:
            raise OSError("no answer")
        return [TASK]


def test_a_step_in_which_no_discoverer_answers_is_recorded_as_such(tmp_path):
    away, host = Away(), Machine(tmp_path).host()
    bindings = [whole_binding(one) for one in (away, Derived(), recorder(tmp_path))]
    agent = Agent(bindings, host)
    agent.start()
    for is_there in (True, False, True, False):
        away.is_there = is_there
        agent.step()
    agent.stop()

    steps = steps_of(tmp_path)
    assert [one.is_discovered for one in steps] == [True, False, True, False]
    assert [[task.task_id for task in one.tasks] for one in steps] == [["/a"], [], ["/a"], []]
    assert [one.also_known for one in steps] == [(), ("/a",), (), ("/a",)]
