"""The example of a detector outside of any package, in whole steps on a fake machine."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.exposition import Page
from wca_core.model.anomaly import Anomaly
from wca_core.testing import Machine, Memory, check_plugin, make_task, running

EXAMPLE = Path(__file__).resolve().parent.parent / "docs" / "examples" / "external_detector"

CPU_STAT = "usage_usec {0:.0f}\nuser_usec {0:.0f}\nsystem_usec 0\n"
QUIET = (0.5, 0.1)
"""CPUs that the two tasks keep busy in a step."""


@pytest.fixture
def detector(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.syspath_prepend(EXAMPLE)
    return importlib.import_module("example_detector").ExampleDetector(task_id="task1")


def stored_anomalies(tmp_path: Path, detector: object, busy: list[tuple[float, float]]) -> list[dict[str, Metric]]:
    """The families of the stream of anomalies, step by step [1 s], of two tasks that keep so many CPUs busy."""
    machine, memory = Machine(tmp_path).cgroup_v2("/", {}), Memory()
    tasks = [make_task(f"/{name}", task_id=name) for name in ("task1", "task2")]
    used = [0.0, 0.0]
    with running(machine, [CgroupMetrics(), detector, memory], tasks) as agent:
        for cpus in busy:
            for at, task in enumerate(tasks):
                used[at] += cpus[at]
                machine.cgroup_v2(task.cgroup_path, {"cpu.stat": CPU_STAT.format(used[at] * 1e6)})
            machine.clock.advance(1.0)
            agent.step()
    page = Page({"host": "test-host"})
    return [families(page.text(samples).decode()) for samples in memory.stored["anomalies"]]


def families(text: str) -> dict[str, Metric]:
    """What the official parser reads."""
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_a_task_that_loses_cpu_while_another_takes_more_is_an_anomaly(tmp_path: Path, detector: object) -> None:
    *_, before, last = stored_anomalies(tmp_path, detector, [*[QUIET] * 20, (0.1, 0.9)])

    assert "anomaly" not in before
    uuid = Anomaly(contended_task_id="task1", contending_task_ids=("task2",)).uuid
    (anomaly,) = last["anomaly"].samples
    assert (last["anomaly"].type, anomaly.value) == ("counter", 1)
    assert anomaly.labels == {
        "contended_task_id": "task1",
        "contending_task_id": "task2",
        "contending_workload_instance": "workload not found",
        "host": "test-host",
        "resource": "cpus",
        "task_id": "task1",
        "task_name": "task1",
        "type": "contention",
        "uuid": uuid,
    }
    assert last["anomaly_count"].samples[0].value == 1


def test_the_ratio_is_a_metric_of_its_own_and_the_context_of_the_anomaly(tmp_path: Path, detector: object) -> None:
    *_, last = stored_anomalies(tmp_path, detector, [*[QUIET] * 20, (0.1, 0.9)])

    own, context = sorted(last["example_cpu_left_ratio"].samples, key=lambda sample: len(sample.labels))
    assert own.labels == {"host": "test-host", "task_id": "task1", "task_name": "task1"}
    assert own.value == context.value == pytest.approx(0.2, abs=0.01)
    assert context.labels == {
        **own.labels,
        "contended_task_id": "task1",
        "type": "anomaly",
        "uuid": last["anomaly"].samples[0].labels["uuid"],
    }


@pytest.mark.parametrize("last", [(0.1, 0.1), (0.5, 0.9), (0.9, 0.9), QUIET], ids=str)
def test_nobody_is_suspected_who_takes_no_more_or_does_no_harm(
    tmp_path: Path, detector: object, last: tuple[float, float]
) -> None:
    stored = stored_anomalies(tmp_path, detector, [*[QUIET] * 20, last])

    assert "example_cpu_left_ratio" in stored[-1]
    assert all("anomaly" not in step for step in stored)
    assert all("anomaly_last_occurrence" not in step for step in stored)


def test_a_task_that_is_not_there_is_no_reason_to_fail(tmp_path: Path, detector: object) -> None:
    detector.task_id = "task7"  # type: ignore[attr-defined]

    stored = stored_anomalies(tmp_path, detector, [QUIET, QUIET, (0.1, 0.9)])

    assert [set(step) for step in stored] == [{"anomaly_count", "wca_anomaly_unknown_tasks"}] * 3


def test_it_keeps_the_contract(detector: object) -> None:
    assert check_plugin(detector) == []
