"""Answers of an agent as values: nothing in them is believed, and nothing missing is needed."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_mesos.state import Running, parse_containers, parse_state

from plugins.wca_mesos.tests.given import (
    API,
    AURORA_CONTAINER,
    AURORA_PID,
    LOG,
    PLACE,
    ROOT,
    containers,
    fixture,
    scalar,
    state,
    status,
    task,
)
from wca_core.errors import TaskSynchronizationException

PREFIXES = ["org.apache.", "aurora.metadata."]


def running(*tasks: Any) -> list[str]:
    return [one.task_id for one in parse_state(state(*tasks), PLACE).running]


def test_a_task_of_aurora_has_its_names_labels_resources_and_container() -> None:
    found = parse_state(fixture("aurora"), PLACE, PREFIXES)

    (one,) = found.running
    framework = "7d0f8b4a-3f5e-4c11-9d27-52a1f8f7a001-0000"
    task_id = "www-data-prod-web-0-0f4c3d7e-8c1c-4e0b-9d3e-1b7a6a1c9f10"
    assert one == Running(
        task_id=task_id,
        name="www-data/prod/web",
        labels={"aurora_tier": "preferred", "load_generator": "wrk", "team": "search", "my_label": ""},
        resources={"cpus": 1.5, "mem": 128e6, "disk": 64e6},
        container=(AURORA_CONTAINER,),
        executor_pid=AURORA_PID,
        executor_id=f"thermos-{task_id}",
        agent_id="7d0f8b4a-3f5e-4c11-9d27-52a1f8f7a001-S3",
        framework_id=framework,
    )
    assert found.executors == {(framework, f"thermos-{task_id}"): {"cpus": 0.25, "mem": 128e6}}
    assert found.frameworks == {framework: "Aurora"}
    assert found.complaints == []


def test_an_idle_agent_has_no_tasks() -> None:
    assert parse_state(fixture("idle"), PLACE).running == []
    assert parse_state({"get_state": {"get_tasks": {"launched_tasks": []}}}, PLACE).running == []


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (None, "'get_state' expected, found nothing"),
        ([], "'get_state' expected, found list"),
        ({}, "'get_state' expected, found nothing"),
        ({"get_state": 5}, "'get_state' expected, found int"),
        ({"get_state": {}}, "'get_tasks' expected, found nothing"),
        ({"get_state": {"get_tasks": []}}, "'get_tasks' expected, found list"),
        ({"get_state": {"get_tasks": {"launched_tasks": {}}}}, "a list expected, found dict"),
    ],
)
def test_an_answer_of_another_shape_is_a_failed_poll(answer: object, found: str) -> None:
    with pytest.raises(TaskSynchronizationException, match=f"^{PLACE}: .*{found}"):
        parse_state(answer, PLACE)


def test_the_answer_of_a_master_is_a_failed_poll_that_says_so() -> None:
    with pytest.raises(TaskSynchronizationException, match="this is a master; configure the agent"):
        parse_state(fixture("master"), PLACE)


def test_tasks_come_in_the_order_of_the_answer() -> None:
    assert running(task("b"), task("a"), task("c")) == ["b", "a", "c"]


@pytest.mark.parametrize("fields", [{"statuses": []}, {"statuses": None}, {"statuses": "x"}, {"statuses": [5]}])
def test_a_task_without_statuses_does_not_run(fields: Any) -> None:
    found = parse_state(state({**task("t1"), **fields}), PLACE)

    assert (found.running, found.complaints) == ([], [])


@pytest.mark.parametrize(
    ("told", "is_running"),
    [
        ([("TASK_STARTING", 1.0), ("TASK_RUNNING", 2.0)], True),
        ([("TASK_RUNNING", 2.0), ("TASK_STARTING", 1.0)], True),
        ([("TASK_RUNNING", 1.0), ("TASK_KILLING", 2.0)], False),
        ([("TASK_KILLING", 2.0), ("TASK_RUNNING", 1.0)], False),
        ([("TASK_RUNNING", 1.0), ("TASK_FINISHED", 1.0)], False),
        ([("TASK_FINISHED", 1.0), ("TASK_RUNNING", 1.0)], True),
        ([("TASK_RUNNING", None), ("TASK_KILLING", None)], False),
        ([("TASK_KILLING", None), ("TASK_RUNNING", None)], True),
        ([("TASK_KILLING", 9.0), ("TASK_RUNNING", None)], True),
        ([("TASK_STAGING", 1.0)], False),
        ([("TASK_LOST", 1.0)], False),
        ([(None, 1.0)], False),
    ],
)
def test_the_latest_status_tells_whether_a_task_runs(told: list[Any], is_running: bool) -> None:
    statuses = [status(name, **({} if time is None else {"timestamp": time})) for name, time in told]

    assert running(task("t1", *statuses)) == (["t1"] if is_running else [])


def test_container_and_pid_are_those_of_the_latest_status() -> None:
    statuses = [status(pid=2, container=["new"], timestamp=2.0), status(pid=1, container=["old"], timestamp=1.0)]

    (one,) = parse_state(state(task("t1", *statuses)), PLACE).running

    assert (one.executor_pid, one.container) == (2, ("new",))


def test_the_id_is_that_of_the_status_and_of_the_task_where_that_has_none() -> None:
    assert running(task("outer", status(task_id={"value": "inner"}))) == ["inner"]
    assert running(task("outer", status())) == ["outer"]


@pytest.mark.parametrize("missing", ["executor_id", "labels", "framework_id", "agent_id", "resources", "name"])
def test_a_task_runs_whatever_else_is_missing(missing: str) -> None:
    (launched,) = copy.deepcopy(fixture("aurora"))["get_state"]["get_tasks"]["launched_tasks"]
    del launched[missing]

    (one,) = parse_state(state(launched), PLACE).running

    assert one.labels == {} if missing == "labels" else one.labels
    assert one.name == (one.task_id if missing == "name" else "www-data/prod/web")


@pytest.mark.parametrize("pid", [None, "12", 0, -1, True, 1.5, 1 << 40])
def test_a_pid_that_cannot_be_one_is_none(pid: Any) -> None:
    (one,) = parse_state(
        state(task("t1", {"state": "TASK_RUNNING", "container_status": {"executor_pid": pid}})), PLACE
    ).running

    assert one.executor_pid is None


@pytest.mark.parametrize(
    "malformed",
    [None, 5, "task", [], {}, {"task_id": 5}, {"task_id": {"value": 5}}, {"task_id": {"value": ""}},
     {"task_id": {"value": "x" * 256}}, {"task_id": {"value": "a\nb"}}],
)  # fmt: skip
def test_a_malformed_task_costs_only_itself(malformed: Any) -> None:
    found = parse_state(state(malformed, task("good")), PLACE)

    assert [one.task_id for one in found.running] == ["good"]
    (complaint,) = found.complaints
    assert "a task with a task_id" in complaint
    assert "\n" not in complaint


def test_a_nested_container_is_told_with_those_around_it() -> None:
    api, log = parse_state(fixture("group"), PLACE).running

    assert (api.container, api.is_nested) == ((ROOT, API), True)
    assert log.container == (ROOT, LOG)


@pytest.mark.parametrize("ids", [("",), ("a", ""), tuple(map(str, range(40)))])
def test_a_container_that_cannot_be_one_is_not_known(ids: tuple[str, ...]) -> None:
    (one,) = parse_state(state(task("t1", status(container=ids))), PLACE).running

    assert one.container == ()


def test_executors_without_resources_have_none() -> None:
    executors = {"executors": [{"executor_info": {"executor_id": {"value": "e"}}}, {}, 5]}

    assert parse_state(state(get_executors=executors), PLACE).executors == {("", "e"): {}, ("", ""): {}}


def test_containers_are_known_by_their_ids_and_those_around_them() -> None:
    found = parse_containers(containers({("r",): 1, ("r", "n"): 2, ("r", "n", "m"): 3, ("x",): None}), PLACE)

    assert found == {("r",): 1, ("r", "n"): 2, ("r", "n", "m"): 3}
    assert parse_containers({"get_containers": {}}, PLACE) == {}
    with pytest.raises(TaskSynchronizationException, match="'get_containers' expected, found nothing"):
        parse_containers({}, PLACE)


def keys_in(document: Any) -> set[str]:
    """The names of all fields in an answer."""
    if isinstance(document, list):
        return {name for part in document for name in keys_in(part)}
    return (
        {name for key, part in document.items() for name in {key, *keys_in(part)}}
        if isinstance(document, dict)
        else set()
    )


NAMES = sorted(keys_in([fixture(name) for name in ("aurora", "group", "group_containers")]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.sampled_from(NAMES), part, max_size=5),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_a_state_or_a_failed_poll(answer: object) -> None:
    for parse in (parse_state, parse_containers):
        with suppress(TaskSynchronizationException):
            parse(answer, PLACE)


@given(st.lists(JSON, max_size=4))
def test_whatever_stands_beside_it_a_good_task_is_found(others: list[object]) -> None:
    assert "good" in running(*others, task("good"), *others)


@given(
    st.dictionaries(st.sampled_from(["labels", "resources", "name", "executor_id", "agent_id", "framework_id"]), JSON)
)
def test_whatever_its_other_fields_are_a_task_runs(fields: dict[str, object]) -> None:
    (one,) = parse_state(state({**task("t1", status(pid=7)), **fields}), PLACE).running

    assert (one.task_id, one.executor_pid) == ("t1", 7)
    assert all(isinstance(text, str) for label in one.labels.items() for text in label)


def test_a_resource_of_a_role_is_part_of_the_sum() -> None:
    parts = [scalar("cpus", 1, role="*"), scalar("cpus", 2, reservations=[{"role": "prod"}])]

    (one,) = parse_state(state({**task("t1"), "resources": parts}), PLACE).running

    assert one.resources == {"cpus": 3.0}
