"""Habits of those years that no rule foresees: they work as they did."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from wca_compat.allocations import AllocationType
from wca_compat.findings import findings
from wca_compat.metrics import Metric as OlderMetric
from wca_compat.output import listed
from wca_compat.samples import SampleMaker
from wca_compat.wishes import wishes

from plugins.wca_compat.tests.given import WEB, agent_of, allocating, asked_for, detecting, knowing, lines
from wca_core.errors import ConfigurationError, ContractError
from wca_core.schema import configuration_schema


def test_a_singleton_has_the_fields_of_its_constructor(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = detecting("!SingleDetector {victim: web, threshold: 5}")

    with knowing("idioms:SingleDetector"), agent_of(tmp_path, text) as (agent, _):
        agent.step()

    assert lines(tmp_path, "anomalies", "single_tasks") == {'host="test-host",victim="web"': 2}
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(
    ("detector", "told"),
    [
        ("!SingleDetector {victim: web, threshold: 101}", "threshold.*a number from 0 to 100 expected, found 101"),
        ("!OnlyDetector {factor: 11}", "factor.*a number from 0 to 10 expected, found 11"),
        ("!OnlyDetector {name: a}", "OnlyDetector needs factor"),
    ],
)
def test_the_fields_of_a_singleton_are_checked(tmp_path: Path, detector: str, told: str) -> None:
    components = ("idioms:SingleDetector", "idioms:OnlyDetector")

    with knowing(*components), pytest.raises(ConfigurationError, match=told):
        asked_for(tmp_path, detecting(detector))


def test_a_singleton_made_by_new_runs(tmp_path: Path) -> None:
    text = detecting("!OnlyDetector {factor: 2.5}")

    with knowing("idioms:OnlyDetector"), agent_of(tmp_path, text) as (agent, _):
        agent.step()

    assert lines(tmp_path, "anomalies", "only_factor") == {'host="test-host"': 2.5}


def test_a_contention_with_an_encoding_of_its_own_keeps_its_victim_for_who_shows_findings() -> None:
    with knowing("idioms:ScoringDetector"):
        from idioms import ScoringDetector  # type: ignore[import-not-found]

        anomalies, _ = ScoringDetector().detect(None, {"web": None, "batch": None})
    maker = SampleMaker("ScoringDetector")
    maker.begin({})

    found, *samples = findings(anomalies, maker)

    assert found.contended_task_id == "batch"
    assert (found.contending_task_ids, found.task_ids) == ((), frozenset())  # its own samples tell of them
    assert [sample.series.metric.name for sample in samples] == ["anomaly", "anomaly_score"]


def test_numbers_and_arrays_of_others_are_wishes_of_pythons_own() -> None:
    with knowing("idioms:VectorAllocator"):
        from idioms import VectorAllocator

        allocations, _, _ = VectorAllocator().allocate(None, {WEB: None})

    found = {wish.type: wish.value for wish in wishes(allocations, "VectorAllocator")}

    assert found == {
        AllocationType.CPUSET_CPUS: [0],
        AllocationType.CPUSET_MEMS: [0],
        AllocationType.QUOTA: 0.5,
        AllocationType.CPUSET_MEMORY_MIGRATE: True,
    }


def test_a_metric_of_another_package_is_told_by_its_module() -> None:
    class Metric:
        """As in a checkout of the original."""

    with pytest.raises(ContractError, match=rf"a list of Metric expected, found a {__name__}\.Metric in it"):
        listed([Metric()], OlderMetric, "metrics")


def test_detectors_and_allocators_within_others_are_those_that_others_call(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inner = "[!NOPAnomalyDetector , !ScoringDetector ]"
    text = allocating(f"!WrappingAllocator {{allocator: !NOPAllocator , detectors: {inner}}}")

    with (
        knowing("idioms:WrappingAllocator", "idioms:ScoringDetector"),
        agent_of(tmp_path, text) as (agent, _),
    ):
        agent.step()

    assert lines(tmp_path, "anomalies", "anomaly_score") == {'host="test-host"': 2.5}
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(
    ("inner", "told"),
    [
        ("!ScoringDetector", "allocator.*a Allocator, or !NOPAllocator, expected, found ScoringDetector"),
        ("!NOPAnomalyDetector", "allocator.*a Allocator, or !NOPAllocator, expected, found NOPAnomalyDetector"),
    ],
)
def test_another_one_within_it_is_refused_with_what_fits(tmp_path: Path, inner: str, told: str) -> None:
    text = allocating(f"!WrappingAllocator {{allocator: {inner} , detectors: []}}")

    with (
        knowing("idioms:WrappingAllocator", "idioms:ScoringDetector"),
        pytest.raises(ConfigurationError, match=told),
    ):
        asked_for(tmp_path, text)


def test_the_schema_knows_components_within_components() -> None:
    with knowing("idioms:WrappingAllocator"):
        assert "WrappingAllocator" in str(configuration_schema())
