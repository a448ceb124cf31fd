"""The detector in an agent: counters are made up, one step a second."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from wca_core import Anomaly, ConfigurationError, Metric, Sample, Task, counter, hookimpl, plugin
from wca_core.testing import Machine, make_task, running

from wca_cpi_detector.detector import CpiDetector

CYCLES = Metric("task_cycles", "Cycles.", counter)
INSTRUCTIONS = Metric("task_instructions", "Instructions.", counter)
USAGE = Metric("task_cpu_usage_seconds", "CPU time.", counter, unit="seconds")
BANDWIDTH = Metric("task_mem_bandwidth_bytes", "Memory bandwidth.", counter, unit="bytes")

WEB = make_task("/web", labels={"wca_io__class": "latency-critical"})
BATCH = make_task("/batch", labels={"wca_io__class": "best-effort"})
CALM = make_task("/calm", labels={"wca_io__class": "best-effort"})
OTHER = make_task("/other")
TASKS = (WEB, BATCH, CALM, OTHER)


@plugin(api=1)
@dataclass(eq=False)
class MadeUp:
    """Counts what a task does in a second: cycles per instruction, CPUs, bytes."""

    seconds: dict[str, tuple[float, float, float]]
    grown: dict[str, tuple[float, float, float]] = field(default_factory=lambda: {"/batch": (1.5, 1.5, 1e8)})
    """The suspects while there is trouble."""
    has_bandwidth: bool = True
    has_counters: bool = True
    totals: dict[tuple[str, str], float] = field(default_factory=dict)

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task]) -> Iterator[Sample]:
        for task in tasks:
            cpi, cpus, moved = self.seconds[task.task_id]
            if self.has_counters:
                yield self._grown(CYCLES, task, 1e9 * cpi)
                yield self._grown(INSTRUCTIONS, task, 1e9)
            yield self._grown(USAGE, task, cpus)
            if self.has_bandwidth:
                yield self._grown(BANDWIDTH, task, moved)

    def _grown(self, metric: Metric, task: Task, by: float) -> Sample:
        key = metric.name, task.task_id
        self.totals[key] = self.totals.get(key, 0.0) + by
        return metric.sample(self.totals[key], task)


def calm() -> dict[str, tuple[float, float, float]]:
    return {"/web": (1.0, 1.0, 1e6), "/batch": (1.5, 0.5, 1e6), "/calm": (2.0, 0.5, 1e9), "/other": (1.0, 1.0, 1e6)}


@dataclass
class Course:
    """What was found, second by second."""

    anomalies: list[list[Anomaly]] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)


def followed(tmp_path: Path, detector: CpiDetector, source: MadeUp, seconds: int, *, trouble_at: int) -> Course:
    """From `trouble_at` on the victim needs three times its cycles, and the batch task moves a hundredfold."""
    machine, course = Machine(tmp_path), Course()
    with running(machine, [source, detector], TASKS) as agent:
        for second in range(seconds):
            if second == trouble_at:
                source.seconds |= {"/web": (3.0, 1.0, 1e6), "/other": (9.0, 1.0, 1e6)} | source.grown
            step = agent.step()
            machine.clock.advance(1.0)
            course.anomalies.append(step.anomalies)
            course.values = {repr(one.series): one.value for one in step.findings}
    return course


def test_the_victim_is_found_with_the_one_who_grew(tmp_path: Path) -> None:
    detector = CpiDetector(recent=5)

    course = followed(tmp_path, detector, MadeUp(calm()), 80, trouble_at=60)

    assert [len(found) for found in course.anomalies[:60]] == [0] * 60
    found = [anomaly for step in course.anomalies[60:] for anomaly in step]
    assert {anomaly.contended_task_id for anomaly in found} == {"/web"}
    assert {anomaly.contending_task_ids for anomaly in found} == {("/batch",)}
    assert {str(anomaly.resource) for anomaly in found} == {"memory bandwidth"}
    assert [sample.name for sample in found[0].context] == ["cpi_now", "cpi_usual", "cpi_limit"]
    assert course.anomalies[62]


def test_nobody_is_suspected_of_what_changes_anyhow(tmp_path: Path) -> None:
    """The calm one moves most and a little more; a newcomer moves next to nothing."""
    source = MadeUp(calm())
    source.grown = {"/calm": (2.0, 0.5, 1.05e9), "/batch": (1.5, 0.5, 2e6)}

    course = followed(tmp_path, CpiDetector(recent=5), source, 70, trouble_at=60)

    (anomaly,) = course.anomalies[-1]
    assert (anomaly.contending_task_ids, str(anomaly.resource)) == ((), "unknown resource")


def test_without_memory_bandwidth_the_cpu_time_shows_who_grew(tmp_path: Path) -> None:
    course = followed(tmp_path, CpiDetector(recent=5), MadeUp(calm(), has_bandwidth=False), 70, trouble_at=60)

    (anomaly,) = course.anomalies[-1]
    assert (anomaly.contending_task_ids, str(anomaly.resource)) == (("/batch",), "unknown resource")


def test_tasks_may_be_chosen_by_their_labels(tmp_path: Path) -> None:
    detector = CpiDetector(recent=5, watched={"task_name": "oth.*"})

    course = followed(tmp_path, detector, MadeUp(calm()), 70, trouble_at=60)

    assert {anomaly.contended_task_id for step in course.anomalies for anomaly in step} == {"/other"}


def test_it_tells_what_it_knows_about_tasks(tmp_path: Path) -> None:
    learning = followed(tmp_path / "a", CpiDetector(), MadeUp(calm()), 20, trouble_at=99).values
    judging = followed(tmp_path / "b", CpiDetector(), MadeUp(calm()), 70, trouble_at=99).values

    assert (learning['cpi_tasks{state="learning"}'], learning['cpi_tasks{state="judged"}']) == (1, 0)
    assert (judging['cpi_tasks{state="learning"}'], judging['cpi_tasks{state="judged"}']) == (0, 1)
    assert judging['cpi_usual{task_id="/web",task_name="web",wca_io__class="latency-critical"}'] == pytest.approx(1.0)


def test_where_nothing_is_counted_it_says_so_once_and_how_to_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "wca.cpi-detector")

    course = followed(tmp_path, CpiDetector(), MadeUp(calm(), has_counters=False), 3, trouble_at=9)

    told = [record.getMessage() for record in caplog.records if record.name == "wca.cpi-detector"]
    assert len(told) == 1
    assert "perf.event_names=[task_cycles, task_instructions]" in told[0]
    assert course.values['cpi_tasks{state="unmeasured"}'] == 1


def test_steps_that_are_too_long_for_the_window_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "wca.cpi-detector")

    followed(tmp_path / "a", CpiDetector(), MadeUp(calm()), 9, trouble_at=99)
    before = len(caplog.records)
    followed(tmp_path / "b", CpiDetector(window=60, recent=31), MadeUp(calm()), 9, trouble_at=99)

    told = [record.getMessage() for record in caplog.records[before:] if record.name == "wca.cpi-detector"]
    assert [message.split(":")[0] for message in told] == ["no task will be judged"]


def test_a_window_without_a_past_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="less than the window"):
        CpiDetector(window=60, recent=60)


@pytest.mark.parametrize(("device", "is_met"), [("cpu", True), ("cpu_core", True), ("software", False)])
def test_it_needs_a_cpu_that_counts(tmp_path: Path, device: str, is_met: bool) -> None:
    machine = Machine(tmp_path).file(f"/sys/bus/event_source/devices/{device}/type", "4\n")

    (need,) = CpiDetector().requirements()

    assert need.is_met(machine.host()) is is_met
    assert need.found is not None
    assert device in need.found(machine.host())
