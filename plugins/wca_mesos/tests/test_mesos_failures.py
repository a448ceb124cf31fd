"""An agent that cannot be asked, or answers nonsense, costs its tasks of a step and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from wca_mesos.node import MesosNode

from plugins.wca_mesos.tests.agents import FakeAgent, mesos_agent
from plugins.wca_mesos.tests.given import (
    state,
)
from plugins.wca_mesos.tests.machines import asking, ids, numbered, one, v1_machine
from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.errors import TaskSynchronizationException
from wca_core.testing import running

FAILURES = {
    "401": "http_401",
    "403": "http_403",
    "404": "http_404",
    "500": "http_500",
    "text": "network",
    "truncated": "network",
    "shape": "content",
    "gone": "network",
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_poll_costs_a_step_its_tasks_and_nothing_else(tmp_path: Path, failure: str) -> None:
    machine = v1_machine(tmp_path, numbered(1))
    with mesos_agent(state=state(one(1))) as agent:
        node = MesosNode(mesos_agent_endpoint=agent.url)
        with running(machine, [node, CgroupMetrics()]) as wca:
            (before,) = wca.step().tasks
            break_down(agent, node, failure)
            failed = wca.step()
            known = dict(wca.host.known_tasks)
            mend(agent, failure)
            after = wca.step()

    assert failed.tasks == ()
    names = {sample.name for sample in failed.samples}
    assert "wca_up" in names
    assert not any(name.startswith("task_") for name in names)
    errors = [
        (sample.labels["kind"], sample.value) for sample in failed.samples if sample.name == "wca_discovery_errors"
    ]
    assert errors == [(FAILURES[failure], 1)]
    assert known == {"t1": before}
    assert len(after.tasks) == 1
    assert after.tasks[0] is before


def break_down(agent: FakeAgent, node: MesosNode, failure: str) -> None:
    if failure == "shape":
        agent.state = {"type": "GET_STATE"}
    elif failure == "gone":
        node.stop()  # forgets the open connection
        agent.go_away()
    else:
        agent.breaks = failure


def mend(agent: FakeAgent, failure: str) -> None:
    agent.state, agent.breaks = state(one(1)), ""
    if failure == "gone":
        agent.listen()


def test_a_step_without_an_answer_has_its_reason(tmp_path: Path) -> None:
    host = v1_machine(tmp_path, numbered(1)).host()
    with (
        mesos_agent(breaks="403") as agent,
        asking(agent) as node,
        pytest.raises(TaskSynchronizationException, match=r"/api/v1: HTTP 403 .*view_tasks"),
    ):
        node.discover_tasks(host)


def test_an_agent_that_recovers_for_a_moment_costs_nothing(tmp_path: Path) -> None:
    host = v1_machine(tmp_path, numbered(1)).host()
    with mesos_agent(state=state(one(1)), recovering=1) as agent, asking(agent) as node:
        assert ids(node.discover_tasks(host)) == ["t1"]


def test_with_staleness_the_last_tasks_stand_in_and_that_is_told(tmp_path: Path) -> None:
    machine = v1_machine(tmp_path, numbered(1))
    with mesos_agent(state=state(one(1))) as agent:
        node = MesosNode(mesos_agent_endpoint=agent.url, max_staleness=10)
        with running(machine, [node]) as wca:
            steps = []
            for breaks, seconds in (("", 0), ("500", 5), ("500", 5), ("500", 1), ("", 1)):
                agent.breaks = breaks
                machine.clock.advance(seconds)
                steps.append(wca.step())

    assert [len(step.tasks) for step in steps] == [1, 1, 1, 0, 1]
    assert steps[1].tasks[0] is steps[0].tasks[0]
    stale = [sample.value for step in steps for sample in step.samples if sample.name == "wca_mesos_stale"]
    assert stale == [0, 1, 1, 0, 0]
    last = [
        sample.value
        for step in steps
        for sample in step.samples
        if sample.name == "wca_discovery_last_success_timestamp"
    ]
    assert last == [1_700_000_000.0] * 4 + [1_700_000_012.0]


def test_nothing_is_asked_before_the_first_step() -> None:
    node = MesosNode(mesos_agent_endpoint="http://127.0.0.1:1")

    assert list(node.collect_metrics()) == []
    node.stop()
