"""Anomalies, what may be one, and how they are written as samples."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.anomalies import AnomalyLog
from wca_core.errors import ContractError
from wca_core.exposition import Page
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.anomaly import Anomaly, ContendedResource
from wca_core.model.metric import Metric, Sample, Samples, Series, counter, gauge
from wca_core.model.task import Task
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import Machine, Memory, make_task, running

CONTEXT = Metric("task_ipc", "Instructions per cycle.", gauge)
BY_CPU = Metric("task_load", "Load.", gauge, levels=("cpu",))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("contended_task_id", None), ("contending_task_ids", None), ("contending_task_ids", "/b")),
        *(("contending_task_ids", (5,)), ("resource", "cache"), ("context", (5,)), ("context", None)),
        *(("context", (CONTEXT.sample(float("nan")),)), ("context", (CONTEXT.sample("x"),))),  # type: ignore[arg-type]
        *(("context", (Sample(None, 1),)), ("context", (Sample(CONTEXT, 1),))),  # type: ignore[arg-type]
        ("context", (Series(CONTEXT, None, (), (("x", 5),)).at(1),)),  # type: ignore[arg-type]
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


def test_the_uuid_is_made_of_the_sorted_ids() -> None:
    anomaly = Anomaly(contended_task_id="web-1", contending_task_ids=("batch-9", "batch-7"))

    assert anomaly.uuid == "b888a862-d019-a1d1-6af5-175c2a4a733a"


def test_a_name_that_is_no_text_has_a_uuid_too() -> None:
    cgroup = b"/caf\xe9".decode(errors="surrogateescape")

    assert Anomaly(contended_task_id=cgroup).uuid != Anomaly(contended_task_id="/caf").uuid


def encoded(*anomalies: Anomaly, tasks: Sequence[Task] = ()) -> Samples:
    """These anomalies as samples, found in one step."""
    return AnomalyLog().samples(anomalies, tasks, 7.0)


def named(name: str, samples: Iterable[Sample]) -> list[Sample]:
    return [sample for sample in samples if sample.name == name]


def test_an_anomaly_is_one_sample_for_each_suspect() -> None:
    victim = make_task("/a", labels={"workload_instance": "redis"})
    suspect = make_task("/b", labels={"workload_instance": "stress"})
    anomaly = Anomaly(
        contended_task_id="/a",
        contending_task_ids=("/b", "/c", "/b"),
        resource=ContendedResource.LLC,
    )

    samples = named("anomaly", encoded(anomaly, tasks=[victim, suspect, make_task("/c")]))

    of_both = {
        "contended_task_id": "/a",
        "resource": "cache",
        "task_id": "/a",
        "task_name": "a",
        "type": "contention",
        "uuid": anomaly.uuid,
        "workload_instance": "redis",
    }
    assert [(sample.labels, sample.value, sample.series.metric.type) for sample in samples] == [
        (of_both | {"contending_task_id": "/b", "contending_workload_instance": "stress"}, 1, counter),
        (of_both | {"contending_task_id": "/c", "contending_workload_instance": "workload not found"}, 1, counter),
    ]


def test_a_label_of_the_victim_that_the_encoding_needs_is_kept_under_another_name() -> None:
    victim = make_task("/a", labels={"type": "pod", "resource": "mine"})
    anomaly = Anomaly(contended_task_id="/a", contending_task_ids=("/b",), context=(CONTEXT.sample(1),))

    pair, context = encoded(anomaly, tasks=[victim, make_task("/b")]).series[:2]

    kept = {"task_label_type": "pod", "task_label_resource": "mine"}
    assert pair.labels.items() >= {"type": "contention", "resource": "unknown resource", **kept}.items()
    assert context.labels.items() >= {"type": "anomaly", "task_label_type": "pod", "resource": "mine"}.items()


def test_the_context_has_the_labels_of_the_victim_and_of_the_finding() -> None:
    victim = make_task("/a", labels={"application": "redis"})
    anomaly = Anomaly(contended_task_id="/a", context=(CONTEXT.sample(0.5), BY_CPU.sample(2, victim, cpu=3)))

    samples = encoded(anomaly, tasks=[victim])

    of_both = {
        "application": "redis",
        "contended_task_id": "/a",
        "task_id": "/a",
        "task_name": "a",
        "type": "anomaly",
        "uuid": anomaly.uuid,
    }
    assert [(one.name, one.value, one.labels) for one in samples if one.name.startswith("task_")] == [
        ("task_ipc", 0.5, of_both),
        ("task_load", 2, {**of_both, "cpu": "3"}),
    ]


def test_the_context_of_a_suspect_keeps_its_own_labels() -> None:
    victim, suspect = make_task("/a", labels={"tier": "1"}), make_task("/b", labels={"tier": "2"})
    anomaly = Anomaly(contended_task_id="/a", context=(CONTEXT.sample(0.5, suspect),))

    (context,) = named("task_ipc", encoded(anomaly, tasks=[victim, suspect]))

    assert context.labels.items() >= {"task_id": "/b", "tier": "2", "task_label_task_id": "/a"}.items()
    assert context.labels["task_label_tier"] == "1"


def test_a_sample_that_is_the_context_of_two_anomalies_becomes_two() -> None:
    shared = CONTEXT.sample(0.5)
    anomalies = [Anomaly(contended_task_id=name, context=(shared,)) for name in ("/a", "/b")]

    samples = named("task_ipc", encoded(*anomalies))

    assert [one.labels["uuid"] for one in samples] == [one.uuid for one in anomalies]
    assert shared.labels == {}


def test_common_labels_win_over_those_of_tasks_but_not_over_those_of_the_finding() -> None:
    victim = make_task("/a", labels={"host": "mine"})
    samples = encoded(Anomaly(contended_task_id="/a", contending_task_ids=("/b",)), tasks=[victim])

    text = Page({"host": "node7", "resource": "rack"}).text(samples).decode()

    line = next(line for line in text.splitlines() if line.startswith("anomaly{"))
    assert 'host="node7"' in line
    assert 'resource="unknown resource"' in line


def test_without_a_suspect_there_is_only_the_context_unless_the_detector_wants_more() -> None:
    silent = Anomaly(contended_task_id="/a", context=(CONTEXT.sample(1),))
    loud = Anomaly(contended_task_id="/a", encode_unattributed=True)

    assert named("anomaly", encoded(silent)) == []
    assert len(named("task_ipc", encoded(silent))) == 1
    (sample,) = named("anomaly", encoded(loud))
    assert sample.labels["contending_task_id"] == ""
    assert sample.labels["contending_workload_instance"] == "workload not found"


def test_an_anomaly_that_is_found_twice_in_a_step_is_stored_once_and_counted_twice() -> None:
    first, second = (
        Anomaly(contended_task_id="/a", contending_task_ids=("/b",), context=(CONTEXT.sample(value),))
        for value in (1, 2)
    )

    samples = encoded(first, second)

    assert [one.value for one in named("anomaly", samples)] == [1]
    assert [one.value for one in named("task_ipc", samples)] == [1]
    assert [one.value for one in named("anomaly_count", samples)] == [2]


def test_tasks_that_are_not_there_are_named_and_counted() -> None:
    log = AnomalyLog()
    anomaly = Anomaly(contended_task_id="/gone", contending_task_ids=("/a", "/never", "/never"))

    first = log.samples([anomaly], [make_task("/a")], 1.0)
    second = log.samples([anomaly], [make_task("/a"), make_task("/gone")], 2.0)

    assert "task_id" not in named("anomaly", first)[0].labels
    assert named("anomaly", first)[1].labels["contending_workload_instance"] == "workload not found"
    unknown = [named("wca_anomaly_unknown_tasks", samples)[0].value for samples in (first, second)]
    assert unknown == [2, 3]


def test_before_the_first_anomaly_there_is_no_last_one() -> None:
    assert {one.name: one.value for one in encoded()} == {"anomaly_count": 0, "wca_anomaly_unknown_tasks": 0}


def test_anomalies_are_counted_since_the_start() -> None:
    log = AnomalyLog()
    anomaly = Anomaly(contended_task_id="/a")
    tasks = [make_task("/a")]

    log.samples([anomaly, anomaly], tasks, 1.0)
    samples = log.samples([], tasks, 2.0)

    assert {one.name: one.value for one in samples} == {
        "anomaly_count": 2,
        "anomaly_last_occurrence": 1.0,
        "wca_anomaly_unknown_tasks": 0,
    }


def test_an_anomaly_that_lasts_has_the_same_series_until_it_ends() -> None:
    log, tasks = AnomalyLog(), [make_task("/a"), make_task("/b")]

    def step(*anomalies: Anomaly) -> Samples:
        return log.samples(anomalies, tasks, 1.0)

    def finding(value: float) -> Anomaly:
        context = (CONTEXT.sample(value, tasks[0]),)
        return Anomaly(contended_task_id="/a", contending_task_ids=("/b",), context=context)

    first, second, _, later = step(finding(1)), step(finding(2)), step(), step(finding(3))

    assert first.series == second.series
    assert [one.value for one in named("task_ipc", second)] == [2]
    assert first.series[0] is not later.series[0]


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
