"""Pods that somebody made to do harm, or that no server would send: each costs only itself."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from plugins.wca_k8s.tests.given import UID, Json, pod
from plugins.wca_k8s.tests.test_pod_tasks import OTHER, POD, tasks_of, v2


def nested(depth: int) -> Json:
    """Lists in lists, as no reader of JSON gives them where the stack is deeper than here."""
    made: Json = []
    for _ in range(depth):
        made = [made]
    return made


@pytest.mark.parametrize("depth", [10, 900, 100_000])
@pytest.mark.parametrize("place", ["annotations", "labels", "requests", "phase"])
def test_a_pod_that_is_nested_too_deep_costs_only_itself(tmp_path: Path, place: str, depth: int) -> None:
    host = v2(tmp_path, POD)
    found = tasks_of()

    for _ in range(3):
        odd = pod(OTHER, name="odd")
        requests = {"cpu": nested(depth) if place == "requests" else "1"}
        odd["spec"]["containers"] = [{"name": "c1", "resources": {"requests": requests}}]
        odd["metadata"]["labels"] = {"x": nested(depth) if place == "labels" else "y"}
        odd["metadata"]["annotations"] = {"x": nested(depth) if place == "annotations" else "y"}
        odd["status"]["phase"] = nested(depth) if place == "phase" else "Running"

        assert UID in [task.task_id for task in found.of([odd, pod()], host)]


def test_a_pod_that_is_nested_too_deep_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    host = v2(tmp_path, POD)
    found = tasks_of()

    for _ in range(3):
        found.of([{**pod(), "x": nested(100_000)}], host)

    assert [record.message for record in caplog.records] == ["pod default/web: it is nested too deep; it is no task"]
    assert found.skipped == {"malformed": 1}


def test_a_pod_cannot_pass_for_another_by_an_annotation(tmp_path: Path) -> None:
    own = f"/kubepods/burstable/pod{UID}"
    other = f"/kubepods/burstable/pod{OTHER}"
    host = v2(tmp_path, own, other)
    hostile = pod(name="hostile", metadata={"annotations": {"kubernetes.io/config.hash": OTHER}})
    victim = pod(OTHER, name="victim")

    tasks = tasks_of().of([hostile, victim], host)

    assert {task.name: task.cgroup_path for task in tasks} == {"default/hostile": own, "default/victim": other}


def test_a_pod_whose_mistakes_are_ever_new_ones_fills_neither_log_nor_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    host = v2(tmp_path, POD)
    found = tasks_of()

    for number in range(100):
        wrong = {"name": "c1", "resources": {"requests": {"cpu": f"x{number}"}}}
        found.of([pod(containers=[wrong])], host)

    assert len(caplog.records) == 20
