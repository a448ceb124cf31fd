"""The plugin in steps of an agent: a fake Mesos agent, machines made of files."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from wca_mesos.node import MesosNode

from plugins.wca_mesos.tests.agents import mesos_agent
from plugins.wca_mesos.tests.given import (
    API,
    API_PID,
    AURORA_CONTAINER,
    AURORA_PID,
    LOG,
    LOG_PID,
    ROOT,
    ROOT_PID,
    containers,
    fixture,
    labels,
    state,
    status,
    task,
)
from plugins.wca_mesos.tests.machines import asking, ids, numbered, one, v1_machine
from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.model.task import Task
from wca_core.testing import Machine, check_plugin, running


def test_it_keeps_the_contract_of_plugins() -> None:
    names = {metric.name for metric in check_plugin(MesosNode())}

    assert names == {
        "wca_discovery_errors",
        "wca_discovery_duration_seconds",
        "wca_discovery_last_success_timestamp",
        "wca_mesos_stale",
    }


def test_a_task_of_the_agent_is_measured_in_its_cgroup(tmp_path: Path) -> None:
    machine = v1_machine(tmp_path, {AURORA_PID: f"/mesos/{AURORA_CONTAINER}"})
    with (
        mesos_agent(state=fixture("aurora")) as agent,
        running(machine, [MesosNode(mesos_agent_endpoint=agent.url), CgroupMetrics()]) as wca,
    ):
        step = wca.step()

    (found,) = step.tasks
    assert found.cgroup_path == f"/mesos/{AURORA_CONTAINER}"
    assert found.labels["load_generator"] == "wrk"
    values = {sample.name: sample for sample in step.samples if sample.series.task is found}
    assert values["task_cpu_usage_seconds"].value == AURORA_PID
    assert values["task_cpu_usage_seconds"].labels["team"] == "search"


def test_on_v2_a_container_is_measured_in_the_cgroup_above_its_leaf(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/mesos/c1", {"cpu.stat": "usage_usec 2500000\nuser_usec 1\nsystem_usec 1\n"})
    machine.cgroup_v2("/mesos/c1/leaf", {"cgroup.procs": "1\n"})
    machine.file("/proc/1/cgroup", "0::/mesos/c1/leaf\n").file("/proc/1/stat", f"1 (sh) S {' '.join(['1'] * 30)}\n")

    with (
        mesos_agent(state=state(one(1))) as agent,
        running(machine, [MesosNode(mesos_agent_endpoint=agent.url), CgroupMetrics()]) as wca,
    ):
        step = wca.step()

    assert [sample.value for sample in step.samples if sample.name == "task_cpu_usage_seconds"] == [2.5]


def test_a_group_on_v2_has_its_containers_that_have_limits(tmp_path: Path) -> None:
    paths = {ROOT_PID: f"/mesos/{ROOT}", API_PID: f"/mesos/{ROOT}/mesos/{API}", LOG_PID: f"/mesos/{ROOT}/mesos/{LOG}"}
    machine = Machine(tmp_path)
    for pid, path in paths.items():
        machine.cgroup_v2(path, {"cpu.max": "50000 100000\n"}).cgroup_v2(f"{path}/leaf", {})
        machine.file(f"/proc/{pid}/cgroup", f"0::{path}/leaf\n").file(
            f"/proc/{pid}/stat", f"1 (sh) S {' '.join(['1'] * 30)}\n"
        )
    with mesos_agent(state=fixture("group"), containers=fixture("group_containers")) as agent:
        with asking(agent, use_get_containers=True) as node:
            (group,) = node.discover_tasks(machine.host())
        with asking(agent, nested="separate") as node:
            separate = node.discover_tasks(machine.host())
        machine.cgroup_v2(paths[LOG_PID], {"cpu.max": "max 100000\n"})
        with asking(agent, nested="separate") as node:
            (shared,) = node.discover_tasks(machine.host())

    assert (group.cgroup_path, group.subcgroups_paths) == (paths[ROOT_PID], (paths[API_PID], paths[LOG_PID]))
    assert [found.cgroup_path for found in separate] == [paths[API_PID], paths[LOG_PID]]
    assert (shared.cgroup_path, shared.subcgroups_paths) == (paths[ROOT_PID], ())


def test_what_did_not_change_is_the_very_same_object(tmp_path: Path) -> None:
    host = v1_machine(tmp_path, numbered(1, 2)).host()
    with mesos_agent(state=state(one(1), one(2))) as agent, asking(agent) as node:
        before = list(node.discover_tasks(host))
        again = list(node.discover_tasks(host))
        agent.state = state(one(1), one(2, labels=labels(("a", "b"))))
        changed = list(node.discover_tasks(host))
        agent.state = state(one(2, labels=labels(("a", "b"))))
        left = list(node.discover_tasks(host))

    assert again[0] is before[0]
    assert again[1] is before[1]
    assert changed[0] is before[0]
    assert changed[1].labels == {"a": "b"}
    assert left == [changed[1]]
    assert left[0] is changed[1]


def test_tasks_come_and_go(tmp_path: Path) -> None:
    machine = v1_machine(tmp_path, numbered(1, 2))
    host = machine.host()
    with mesos_agent(state=state(one(1))) as agent, asking(agent) as node:
        assert ids(node.discover_tasks(host)) == ["t1"]
        agent.state = state(one(1), one(2))
        assert ids(node.discover_tasks(host)) == ["t1", "t2"]
        agent.state = state()
        assert ids(node.discover_tasks(host)) == []


def test_a_step_is_one_request_and_two_with_containers(tmp_path: Path) -> None:
    host = v1_machine(tmp_path, numbered(1)).host()
    for with_containers in (False, True):
        with mesos_agent(state=state(one(1))) as agent, asking(agent, use_get_containers=with_containers) as node:
            for _ in range(3):
                node.discover_tasks(host)
        assert len(agent.requests) == (6 if with_containers else 3)
        assert agent.connections == 1


def test_a_pid_that_no_status_tells_is_that_of_the_container(tmp_path: Path) -> None:
    host = v1_machine(tmp_path, numbered(1)).host()
    silent = task("t1", status(pid=None, container=["c1"]))
    with mesos_agent(state=state(silent), containers=containers({("c1",): 1})) as agent:
        with asking(agent) as node:
            assert ids(node.discover_tasks(host)) == []
        with asking(agent, use_get_containers=True) as node:
            (found,) = node.discover_tasks(host)

    assert (found.task_id, found.cgroup_path) == ("t1", "/mesos/c1")


def test_a_container_that_ended_does_not_take_the_cgroup_of_who_got_its_pid(tmp_path: Path) -> None:
    machine = v1_machine(tmp_path, numbered(1))
    host = machine.host()
    with mesos_agent(state=state(one(1))) as agent, asking(agent) as node:
        assert ids(node.discover_tasks(host)) == ["t1"]

        machine = v1_machine(tmp_path, {1: "/mesos/c2"})
        machine.file("/proc/1/stat", f"1 (sh) S {' '.join(['1'] * 18)} 200 0 0\n")
        agent.state = state(one(1), task("t2", status(pid=1, container=["c2"])))
        (found,) = node.discover_tasks(machine.host())

    assert (found.task_id, found.cgroup_path) == ("t2", "/mesos/c2")


def test_tasks_are_logged_with_what_mesos_knows_them_by(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    host = v1_machine(tmp_path, {AURORA_PID: f"/mesos/{AURORA_CONTAINER}"}).host()
    caplog.set_level(logging.DEBUG, "wca.mesos")
    with mesos_agent(state=fixture("aurora")) as agent, asking(agent) as node:
        for _ in range(2):
            (found,) = node.discover_tasks(host)

    assert isinstance(found, Task)
    (message,) = caplog.messages
    for part in (
        f"executor_pid={AURORA_PID}",
        f"container_id='{AURORA_CONTAINER}'",
        "executor_id=",
        "agent_id=",
        "framework_id=",
    ):
        assert part in message
