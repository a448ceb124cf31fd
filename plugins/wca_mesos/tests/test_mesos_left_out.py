"""Tasks that are left out, or looked at with doubt, and what is told about them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from plugins.wca_mesos.tests.agents import mesos_agent
from plugins.wca_mesos.tests.given import (
    fixture,
    labels,
    state,
    status,
    task,
)
from plugins.wca_mesos.tests.machines import asking, ids, numbered, one, v1_machine


@pytest.mark.parametrize("inside", [{}, {"container_status": {}}, {"container_status": {"executor_pid": 0}}])
def test_a_task_without_a_pid_is_told_once_with_its_agent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, inside: Any
) -> None:
    host = v1_machine(tmp_path, numbered(1)).host()
    with (
        mesos_agent(state=state(task("t9", {"state": "TASK_RUNNING", **inside}), one(1))) as agent,
        asking(agent) as node,
    ):
        for _ in range(3):
            assert ids(node.discover_tasks(host)) == ["t1"]

    assert caplog.messages == ["task t9 (agent S0) is left out: its status has no executor_pid"]


def test_a_process_that_ended_is_told_to_who_looks_for_it_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    host = v1_machine(tmp_path, numbered(1)).host()
    caplog.set_level(logging.DEBUG)
    with mesos_agent(state=state(one(1), one(2))) as agent, asking(agent) as node:
        assert ids(node.discover_tasks(host)) == ["t1"]

    (record,) = [record for record in caplog.records if "t2" in record.message and record.name == "wca.mesos"]
    assert record.levelno == logging.DEBUG


@pytest.mark.parametrize(
    ("text", "reason"),
    [("4:cpu:/\n", "root cgroup"), ("4:cpu:/../x\n", "namespace"), ("3:memory:/mesos/c2\n", "neither")],
)
def test_a_process_without_a_cgroup_of_mesos_costs_only_its_task(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, reason: str
) -> None:
    machine = v1_machine(tmp_path, numbered(1))
    machine.file("/proc/2/cgroup", text)
    with mesos_agent(state=state(one(2), one(1))) as agent, asking(agent) as node:
        for _ in range(2):
            assert ids(node.discover_tasks(machine.host())) == ["t1"]

    (message,) = caplog.messages
    assert message.startswith("task t2 (agent S0) is left out: ")
    assert reason in message


def test_a_malformed_task_is_told_once_and_again_when_it_comes_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    host = v1_machine(tmp_path, numbered(1)).host()
    with mesos_agent() as agent, asking(agent) as node:
        for tasks in ([{}, one(1)], [{}, one(1)], [one(1)], [{}, one(1)]):
            agent.state = state(*tasks)
            assert ids(node.discover_tasks(host)) == ["t1"]

    assert len(caplog.messages) == 2


def test_tasks_that_share_a_process_are_one_task(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    host = v1_machine(tmp_path, numbered(1)).host()
    tasks = [task(task_id, status(pid=1, container=["c1"])) for task_id in ("b", "a")]
    with mesos_agent(state=state(*tasks)) as agent, asking(agent) as node:
        for _ in range(2):
            assert ids(node.discover_tasks(host)) == ["a"]

    assert len(caplog.messages) == 1


def test_nested_tasks_can_be_ignored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    host = v1_machine(tmp_path, numbered(1)).host()
    launched = fixture("group")["get_state"]["get_tasks"]["launched_tasks"]
    with mesos_agent(state=state(*launched, one(1))) as agent, asking(agent, nested="ignore") as node:
        assert ids(node.discover_tasks(host)) == ["t1"]

    assert caplog.messages == []


def test_only_tasks_of_named_frameworks(tmp_path: Path) -> None:
    host = v1_machine(tmp_path, numbered(1, 2, 3)).host()
    names = {"f1": "marathon", "f2": "chronos"}
    frameworks = {
        "frameworks": [{"framework_info": {"id": {"value": key}, "name": name}} for key, name in names.items()]
    }
    tasks = [one(1, framework_id={"value": "f1"}), one(2, framework_id={"value": "f2"}), one(3)]
    with mesos_agent(state=state(*tasks, get_frameworks=frameworks)) as agent:
        found = {}
        for wanted in ([], ["marathon"], ["marathon", "chronos"], ["other"]):
            with asking(agent, framework_names=wanted) as node:
                found[",".join(wanted)] = ids(node.discover_tasks(host))

    assert found == {"": ["t1", "t2", "t3"], "marathon": ["t1"], "marathon,chronos": ["t1", "t2"], "other": []}


def test_only_tasks_with_selected_labels(tmp_path: Path) -> None:
    host = v1_machine(tmp_path, numbered(1, 2)).host()
    tasks = [one(1, labels=labels(("org.apache.aurora.metadata.app", "web"))), one(2)]
    with mesos_agent(state=state(*tasks)) as agent:
        with asking(agent, label_selector="app in (web, db)") as node:
            assert ids(node.discover_tasks(host)) == ["t1"]
        with asking(agent, label_selector="!app") as node:
            assert ids(node.discover_tasks(host)) == ["t2"]


def test_tasks_behind_the_limit_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    host = v1_machine(tmp_path, numbered(1, 2, 3)).host()
    with mesos_agent(state=state(one(1), one(2), one(3))) as agent, asking(agent, max_tasks=2) as node:
        for _ in range(2):
            assert ids(node.discover_tasks(host)) == ["t1", "t2"]

    assert caplog.messages == ["more than 2 tasks: those behind are left out (max_tasks)"]


def test_a_list_that_becomes_empty_is_told_with_what_may_be_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    host = v1_machine(tmp_path, numbered(1)).host()
    with mesos_agent(state=state()) as agent, asking(agent) as node:
        for tasks in ([], [one(1)], [], []):
            agent.state = state(*tasks)
            node.discover_tasks(host)

    (message,) = caplog.messages
    assert "view_tasks" in message


@pytest.mark.parametrize("path", ["/system.slice/mesos-agent.service", "/mesos/c2"])
def test_a_cgroup_that_is_not_named_after_the_container_is_doubted_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    host = v1_machine(tmp_path, {1: path}).host()
    with mesos_agent(state=state(one(1))) as agent, asking(agent) as node:
        for _ in range(2):
            (found,) = node.discover_tasks(host)

    assert found.cgroup_path == path
    (message,) = caplog.messages
    assert message.startswith(f"task t1 is measured in cgroup {path}, which is not named after its container")


@pytest.mark.parametrize("container", [["c1"], ["c1", "nested"], []])
def test_a_cgroup_that_is_named_after_the_container_or_the_one_around_it_is_not_doubted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, container: list[str]
) -> None:
    host = v1_machine(tmp_path, numbered(1)).host()
    with mesos_agent(state=state(task("t1", status(pid=1, container=container)))) as agent, asking(agent) as node:
        (found,) = node.discover_tasks(host)

    assert found.cgroup_path == "/mesos/c1"
    assert caplog.messages == []
