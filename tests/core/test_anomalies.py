"""Anomalies, what may be one, and how they are written as samples."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.anomalies import AnomalyLog
from wca_core.errors import ContractError
from wca_core.exposition import Page
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.anomaly import Anomaly, ContendedResource
from wca_core.model.metric import Metric, Sample, gauge
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import Machine, Memory, make_task, running

CONTEXT = Metric("task_ipc", "Instructions per cycle.", gauge)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("contended_task_id", None), ("contending_task_ids", None), ("contending_task_ids", "/b")),
        *(("contending_task_ids", (5,)), ("resource", "cache"), ("context", (5,)), ("context", None)),
        *(("context", (CONTEXT.sample(float("nan")),)), ("context", (CONTEXT.sample("x"),))),  # type: ignore[arg-type]
    ],
)
def test_an_anomaly_of_wrong_types_cannot_be_made(field: str, value: object) -> None:
    with pytest.raises(ContractError, match=field):
        Anomaly(**{"contended_task_id": "/a", field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(("task_id", "kind"), [(None, AllocationType.RDT), (["/a"], AllocationType.RDT), ("/a", "x")])
def test_an_allocation_of_wrong_types_cannot_be_made(task_id: str, kind: AllocationType) -> None:
    with pytest.raises(ContractError, match="AllocationType expected"):
        Allocation(task_id, kind, 1)


@given(st.lists(st.text(), min_size=2, unique=True), st.sampled_from(ContendedResource), st.randoms())
def test_the_uuid_depends_on_the_set_of_tasks_only(ids: list[str], resource: ContendedResource, chance: object) -> None:
    first = Anomaly(contended_task_id=ids[0], contending_task_ids=tuple(ids[1:]))
    chance.shuffle(ids)  # type: ignore[attr-defined]

    other = Anomaly(contended_task_id=ids[0], contending_task_ids=tuple(ids[1:]), resource=resource)

    assert first.uuid == other.uuid


def test_an_anomaly_is_one_sample_for_each_suspect_and_its_context() -> None:
    victim = make_task("/a", labels={"workload_instance": "redis", "resource": "mine"})
    suspect = make_task("/b", labels={"workload_instance": "stress"})
    anomaly = Anomaly(
        contended_task_id="/a",
        contending_task_ids=("/b", "/gone", "/b"),
        resource=ContendedResource.LLC,
        context=(CONTEXT.sample(0.5, victim),),
    )

    samples = list(AnomalyLog().samples([anomaly], [victim, suspect], 7.0))

    pairs = [one.labels for one in samples if one.name == "anomaly"]
    assert [(one["contending_task_id"], one["contending_workload_instance"]) for one in pairs] == [
        ("/b", "stress"),
        ("/gone", "workload not found"),
    ]
    assert {one["task_label_resource"] for one in pairs} == {"mine"}
    assert {one["resource"] for one in pairs} == {"cache"}
    (context,) = [one for one in samples if one.name == "task_ipc"]
    assert (context.value, context.labels["uuid"], context.labels["type"]) == (0.5, anomaly.uuid, "anomaly")
    assert {one.name: one.value for one in samples[-2:]} == {"anomaly_count": 1, "anomaly_last_occurrence": 7.0}


def test_anomalies_are_counted_since_the_start() -> None:
    counted = AnomalyLog()
    anomaly = Anomaly(contended_task_id="/a")

    counted.samples([anomaly, anomaly], [], 1.0)
    samples = counted.samples([], [], 2.0)

    assert {one.name: one.value for one in samples} == {"anomaly_count": 2, "anomaly_last_occurrence": 1.0}


def test_a_task_label_that_cannot_be_printed_does_not_end_the_agent(tmp_path: Path) -> None:
    @plugin(api=1)
    class Detector:
        @hookimpl
        def detect(self) -> list[Anomaly | Sample]:
            return [Anomaly(contended_task_id="/a", contending_task_ids=("/b",), context=(CONTEXT.sample(1, victim),))]

    victim = make_task("/a", labels={"app.kubernetes.io/name": "redis", "__x": "y", "good": "z"})
    memory = Memory()

    with running(Machine(tmp_path), [Detector(), memory], [victim, make_task("/b")]) as agent:
        agent.step()

    text = Page().text(memory.stored["anomalies"][0]).decode()
    assert 'good="z"' in text
    assert "kubernetes" not in text
