"""A detector and an allocator of each generation, written from the specification alone, in whole steps of an agent."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.wca_compat.tests.given import BATCH, WEB, agent_of, allocating, detecting, knowing, lines


def test_a_detector_of_the_first_generation_runs(tmp_path: Path) -> None:
    with (
        knowing("first_detector:InstructionsDetector"),
        agent_of(tmp_path, detecting("!InstructionsDetector {threshold: 500}")) as (agent, _),
    ):
        agent.step()
        agent.step()

    usage = lines(tmp_path, "anomalies", "older_cpu_usage")
    assert usage == {f'host="test-host",task="{WEB}"': 1e9, f'host="test-host",task="{BATCH}"': 2e9}
    assert lines(tmp_path, "anomalies", "older_calls") == {'host="test-host"': 2}
    assert lines(tmp_path, "anomalies", "older_platform_cpus") == {'host="test-host"': 2}
    assert lines(tmp_path, "anomalies", "older_platform_memory") == {'host="test-host"': 500 * 1024}
    assert (
        "# HELP older_cpu_usage CPU time [ns].\n# TYPE older_cpu_usage counter" in (tmp_path / "anomalies").read_text()
    )


def test_its_anomalies_are_encoded_as_those_of_any_detector(tmp_path: Path) -> None:
    with (
        knowing("first_detector:InstructionsDetector"),
        agent_of(tmp_path, detecting("!InstructionsDetector {threshold: 500}")) as (agent, _),
    ):
        agent.step()

    (anomaly,) = lines(tmp_path, "anomalies", "anomaly")
    for label in (
        f'contended_task_id="{WEB}"',
        f'contending_task_id="{BATCH}"',
        'resource="cache"',
        'type="contention"',
        'uuid="0c407c1c-ad86-a88d-7506-2f8e7163fd49"',
    ):
        assert label in anomaly
    ((context, value),) = lines(tmp_path, "anomalies", "older_memory").items()
    assert value == 1000
    assert 'uuid="0c407c1c-ad86-a88d-7506-2f8e7163fd49"' in context
    assert lines(tmp_path, "anomalies", "anomaly_count") == {'host="test-host"': 1}


def test_a_detector_of_the_second_generation_runs(tmp_path: Path) -> None:
    with (
        knowing("second_detector:MemoryDetector"),
        agent_of(tmp_path, detecting("!MemoryDetector {limit: 1500}")) as (agent, machine),
    ):
        agent.step()
        machine.clock.advance(5.0)
        agent.step()

    shares = lines(tmp_path, "anomalies", "second_share")
    assert sorted(shares.values()) == [0.25, 0.5]
    assert all('extra="yes"' in labels and "task_id=" in labels for labels in shares)
    assert lines(tmp_path, "anomalies", "second_seconds") == {'host="test-host"': 5.0}
    assert lines(tmp_path, "anomalies", "second_pages")[f'host="test-host",node="1",task="{WEB}"'] == 2
    assert lines(tmp_path, "anomalies", "anomaly_count") == {'host="test-host"': 2}


def test_an_allocator_of_the_first_generation_runs(tmp_path: Path) -> None:
    with (
        knowing("first_allocator:HalfAllocator"),
        agent_of(tmp_path, allocating("!HalfAllocator {shares: 2.0}")) as (agent, machine),
    ):
        agent.step()
        quotas = [(machine.root / f"sys/fs/cgroup/{path}/cpu.max").read_text().strip() for path in (WEB, BATCH)]
        agent.step()
        halved = (machine.root / f"sys/fs/cgroup/{BATCH}/cpu.max").read_text().strip()

    assert quotas == ["max 100000", "100000 100000"]
    assert halved == "50000 100000"
    assert lines(tmp_path, "anomalies", "half_quota") == {
        f'host="test-host",task_id="{WEB}"': 1.0,
        f'host="test-host",task_id="{BATCH}"': 0.5,
    }


def test_an_allocator_of_the_second_generation_runs(tmp_path: Path) -> None:
    with (
        knowing("second_allocator:PinAllocator"),
        agent_of(tmp_path, allocating(f'!PinAllocator {{cpus: {{{WEB}: "0"}}, quota: 0.5}}')) as (agent, machine),
    ):
        agent.step()
        agent.step()
        cpus = {path: (machine.root / f"sys/fs/cgroup/{path}/cpuset.cpus").read_text() for path in (WEB, BATCH)}

    assert {path: text.strip() for path, text in cpus.items()} == {WEB: "0", BATCH: ""}
    quotas = {labels.split('task="')[1].split('"')[0]: value for labels, value in _quotas(tmp_path).items()}
    assert quotas == {WEB: 0.5, BATCH: 0.5}
    assert lines(tmp_path, "anomalies", "anomaly_count") == {'host="test-host"': 4}
    assert set(lines(tmp_path, "anomalies", "pin_quota").values()) == {0.5}


def _quotas(folder: Path) -> dict[str, float]:
    return lines(folder, "allocations", "allocation_cpu_quota")


@pytest.mark.parametrize(
    ("component", "told"),
    [
        (
            "Three",
            "detect(platform, tasks_data) or detect(platform, tasks_measurements, tasks_resources, tasks_labels)",
        ),
        ("KeywordOnly", "expected, found detect(platform, tasks_data, *, needed)"),
    ],
)
def test_another_form_of_detect_is_refused_with_both_forms_named(tmp_path: Path, component: str, told: str) -> None:
    with (
        knowing(f"rude:{component}"),
        pytest.raises(Exception, match=r"wca.yaml:10.*runner.detector: ") as caught,
        agent_of(tmp_path, detecting(f"!{component}")),
    ):
        pass

    assert told in str(caught.value)
