"""What people wrote in those years loads, runs, and keeps its own faults to itself."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from plugins.wca_compat.tests.given import BATCH, WEB, agent_of, allocating, detecting, knowing, lines
from wca_core.errors import ConfigurationError

DETECTORS = {
    "first_detector:InstructionsDetector": "{victim: web}",
    "second_detector:MemoryDetector": "{limit: 10, victim: web, weights: {a: 1.5}}",
    "plain_detector:PlainDetector": "{}",
    "own_anomaly:TemperatureDetector": "{severity: high}",
    "decorated:TimedDetector": "{}",
    "decorated:TracedDetector": "{}",
    "rates:RateDetector": "{names: [task_cpu_usage_seconds, task_up], factor: 2}",
    "cpus_usage:BusyDetector": "{}",
    "static_method:StaticDetector": "{}",
    "wca.detectors:NOPAnomalyDetector": "{}",
    "owca.detectors:NOPAnomalyDetector": "{}",
}
ALLOCATORS = {
    "first_allocator:HalfAllocator": "{}",
    "second_allocator:PinAllocator": "{cpus: {}}",
    "static_method:ClassAllocator": "{}",
    "wca.allocators:NOPAllocator": "{}",
}


@pytest.mark.parametrize("component", DETECTORS)
def test_a_detector_runs_without_a_complaint(tmp_path: Path, component: str, caplog: pytest.LogCaptureFixture) -> None:
    tag = component.partition(":")[2]
    with knowing(component), agent_of(tmp_path, detecting(f"!{tag} {DETECTORS[component]}")) as (agent, machine):
        for _ in range(3):
            agent.step()
            machine.clock.advance(1.0)
        errors = agent.host.statistics.plugin(tag).errors

    assert not errors
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("component", ALLOCATORS)
def test_an_allocator_runs_without_a_complaint(
    tmp_path: Path, component: str, caplog: pytest.LogCaptureFixture
) -> None:
    tag = component.partition(":")[2]
    with knowing(component), agent_of(tmp_path, allocating(f"!{tag} {ALLOCATORS[component]}")) as (agent, machine):
        for _ in range(3):
            agent.step()
            machine.clock.advance(1.0)

    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert lines(tmp_path, "allocations", "allocations_errors") == {'host="test-host"': 0}


def test_fields_are_checked_by_the_annotations_of_those_years(tmp_path: Path) -> None:
    with (
        knowing("second_detector:MemoryDetector"),
        pytest.raises(ConfigurationError) as caught,
        agent_of(tmp_path, detecting("!MemoryDetector {limit: -1, victim: 5, weights: {a: b}}")),
    ):
        pass

    told = str(caught.value)
    assert all(f"runner.detector.{field} (of !MemoryDetector)" in told for field in ("limit", "victim", "weights.a"))


GOOD = """!ModelDetector
    thresholds: !Thresholds {cpi: 1.5, by_name: {web: 3}}
    database: !LocalDatabase {directory: FOLDER/models}
    directory: FOLDER
    mode: strict
    hosts: ["host:80"]
    label: 5
    ssl: !SSL {server_verify: false}"""


def test_components_within_components_are_made_and_checked(tmp_path: Path) -> None:
    with (
        knowing("nested:ModelDetector"),
        agent_of(tmp_path, detecting(GOOD)) as (agent, _),
    ):
        step = agent.step()

    assert {sample.name: sample.value for sample in step.findings} == {
        "model_mode": 1,
        "model_cpi": 1.5,
        "model_known": 1,
    }


@pytest.mark.parametrize(
    ("good", "bad", "field"),
    [
        ("cpi: 1.5", "cpi: 0", "thresholds.cpi"),
        ("web: 3", "web: 101", "thresholds.by_name.web"),
        ("directory: FOLDER\n", "directory: relative\n", "detector.directory"),
        ("mode: strict", "mode: harsh", "detector.mode"),
        ('"host:80"', '"host"', "detector.hosts[0]"),
        ("label: 5", "label: 50", "detector.label"),
        ("thresholds: !Thresholds {cpi: 1.5, by_name: {web: 3}}", "thresholds: !SSL {}", "detector.thresholds"),
        ("!LocalDatabase {directory: FOLDER/models}", "!Thresholds {}", "detector.database"),
    ],
)
def test_a_wrong_field_is_told_at_its_place(tmp_path: Path, good: str, bad: str, field: str) -> None:
    assert good in GOOD
    with (
        knowing("nested:ModelDetector"),
        pytest.raises(ConfigurationError) as caught,
        agent_of(tmp_path, detecting(GOOD.replace(good, bad))),
    ):
        pass

    assert f"{field} (of !" in str(caught.value)


def test_an_anomaly_that_encodes_itself_is_counted_and_stored_as_it_says(tmp_path: Path) -> None:
    with (
        knowing("own_anomaly:TemperatureDetector"),
        agent_of(tmp_path, detecting("!TemperatureDetector {severity: high}")) as (agent, _),
    ):
        agent.step()

    assert lines(tmp_path, "anomalies", "temperature_anomaly") == {'host="test-host",severity="high",socket="0"': 1}
    (labelled,) = lines(tmp_path, "anomalies", "anomaly")
    assert 'origin="site"' in labelled
    assert 'resource="thermal design power"' in labelled
    assert lines(tmp_path, "anomalies", "anomaly_count") == {'host="test-host"': 2}
    assert lines(tmp_path, "anomalies", "wca_anomaly_unknown_tasks") == {'host="test-host"': 0}


def test_bad_metrics_are_dropped_and_named_and_the_rest_is_stored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with knowing("mixed_metrics:MixedDetector"), agent_of(tmp_path, detecting("!MixedDetector")) as (agent, _):
        step = agent.step()

    values = {sample.name: sample.value for sample in step.findings}
    assert values == {"mixed_good": 7, "mixed_twice": 1, "task_up": 1, "mixed_last": 0.5}
    told = [record.getMessage() for record in caplog.records if record.name == "wca.compat"]
    for name in ("mixed bad name", "_label", "_label_value", "_type", "_none", "_nan", "_text", "_twice"):
        assert any("plugin MixedDetector: metric " in one and f"{name}' is dropped" in one for one in told), name


@pytest.mark.parametrize(
    ("component", "told"),
    [
        ("Exiting", "Exiting.detect would have ended the process: SystemExit: 3"),
        ("Ending", "Ending.detect would have ended the process: GeneratorExit: enough"),
        ("Strange", "anomalies: a list of Anomaly expected, found a str in it"),
        ("One", "returned 0 parts; (anomalies, metrics) expected"),
        ("Nothing", "returned a NoneType; (anomalies, metrics) expected"),
    ],
)
def test_what_a_rude_detector_does_is_its_own_failed_output(
    tmp_path: Path, component: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    with knowing(f"rude:{component}"), agent_of(tmp_path, detecting(f"!{component}")) as (agent, _):
        step = agent.step()
        errors = agent.host.statistics.plugin(component).errors

    assert errors == {"detect": 1}
    assert f"plugin {component} failed in detect: ContractError: {told}" in caplog.text
    assert len(step.samples) > 0


def test_an_allocation_of_an_unknown_type_drops_all_of_the_call_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with knowing("rude:Unknown"), agent_of(tmp_path, allocating("!Unknown")) as (agent, machine):
        agent.step()
        quota = (machine.root / f"sys/fs/cgroup/{WEB}/cpu.max").read_text()

    assert quota == "max 100000\n"
    assert f"plugin Unknown: task '{WEB}': 'cpu_cuota' is no type of allocation" in caplog.text
    assert lines(tmp_path, "allocations", "allocations_errors") == {'host="test-host"': 1}


@pytest.mark.parametrize(
    ("allocator", "told"),
    [
        ("Listing", "the allocations are a list; a mapping expected"),
        ("Pair", "returned 2 parts; (allocations, anomalies, metrics) expected"),
    ],
)
def test_an_output_of_a_wrong_type_is_dropped_and_counted_as_all_that_is_invalid(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, allocator: str, told: str
) -> None:
    with knowing(f"rude:{allocator}"), agent_of(tmp_path, allocating(f"!{allocator}")) as (agent, _):
        agent.step()
        errors = agent.host.statistics.plugin(allocator).errors

    assert f"plugin {allocator}: all that allocate gave is dropped: {told}" in caplog.text
    assert lines(tmp_path, "allocations", "allocations_errors") == {'host="test-host"': 1}
    assert errors == {"allocate": 1}


def test_an_rdt_allocation_is_a_wish_that_the_machine_judges(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with knowing("rude:Grouping"), agent_of(tmp_path, allocating("!Grouping")) as (agent, _):
        agent.step()

    assert f"invalid allocation of plugin Grouping: rdt of {BATCH}: nothing here changes it" in caplog.text
    assert "MB:0=20" in caplog.text
