"""A step that allocates: guard rails, dry run, reconciling, tasks that are left alone, and what is put back."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.file_control import FileControl, wish
from tests.scenery import QUOTA, Scenery, made_in, quota
from wca_core.agent import Agent
from wca_core.enforcement.guard_rails import GuardRails
from wca_core.model.allocation import Allocation
from wca_core.model.task import Task
from wca_core.plan import Plan
from wca_core.plugin_api import hookimpl, plugin
from wca_core.settings import AllocationSettings
from wca_core.testing import GivenTasks, Machine, make_task, running, whole_binding


@pytest.fixture
def scenery(tmp_path: Path) -> Scenery:
    return made_in(tmp_path)


# -- guard rails, dry run, reconciling -----------------------------------------------------------


def test_guard_rails_clamp_and_refuse_single_wishes(scenery: Scenery) -> None:
    scenery.allocator.wishes = [
        wish("/a", "cpu_quota", 0.01),
        wish("/b", "cpuset_cpus", "0"),
        wish("/b", "cpu_shares", 2),
    ]
    rails = GuardRails(min_cpu_quota=0.2, min_cpus_per_task=2, actions={"min_cpus_per_task": "refuse"})

    (step,) = scenery.steps(guard_rails=rails)

    assert (quota(step), step.value("allocation_cpuset_cpus_number_of_cpus", "/b")) == (0.2, 8)
    assert step.value("allocation_cpu_shares", "/b") == 2
    assert step.value("allocations_clamped", type="cpu_quota") == 1
    assert step.value("allocations_refused", type="cpuset_cpus") == 1
    assert step.value("allocations_errors") == 0


def test_so_many_tasks_change_at_once_and_the_others_next(scenery: Scenery) -> None:
    scenery.allocator.wishes = [wish(task, "cpu_quota", 0.5) for task in ("/a", "/b")]

    first, second = scenery.steps(2, guard_rails=GuardRails(max_tasks_changed_per_iteration=1))

    assert (quota(first), quota(first, "/b")) == (0.5, 1.0)
    assert (quota(second), quota(second, "/b")) == (0.5, 0.5)


def test_a_dry_run_writes_nothing_and_tells_both(scenery: Scenery, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "wca.allocation")
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5)]

    first, second = scenery.steps(2, dry_run=True)

    assert scenery.control.get("/a", "cpu_quota") == "1.0"
    assert (quota(first), quota(first, metric="allocation_planned_cpu_quota")) == (1.0, 0.5)
    assert quota(first, "/b", "allocation_planned_cpu_quota") == 1.0
    assert second.value("allocations_dry_run", type="cpu_quota") == 2
    assert second.value("allocations_writes", type="cpu_quota") == 0
    assert [record.message for record in caplog.records if "dry run" in record.message] == [
        f"dry run: cpu_quota of /a is not written: from 1.0 to 0.5 at {scenery.control.path('/a', QUOTA)}"
    ]


def test_a_value_that_somebody_else_changes_is_written_again_without_being_wished_again(scenery: Scenery) -> None:
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5)]
    plugins = [scenery.control, scenery.allocator]
    settings = AllocationSettings(reconcile="each_iteration")

    with running(scenery.machine, plugins, scenery.tasks, allocation=settings) as agent:
        scenery.step(agent)
        scenery.allocator.wishes = []
        scenery.control.put("/a", cpu_quota=1.0)
        step = scenery.step(agent)

    assert (scenery.control.get("/a", "cpu_quota"), quota(step)) == ("0.5", 0.5)
    assert step.value("allocations_drift", type="cpu_quota") == 1
    assert step.value("allocations_count") == 1


def test_a_value_that_cannot_be_read_for_a_while_did_not_drift(scenery: Scenery) -> None:
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5)]
    plugins = [scenery.control, scenery.allocator]
    settings = AllocationSettings(reconcile="each_iteration")

    with running(scenery.machine, plugins, scenery.tasks, allocation=settings) as agent:
        scenery.step(agent)
        scenery.control.failing = {"read_allocations"}
        step = scenery.step(agent)

    assert step.value("allocations_drift", type="cpu_quota") == 0


def test_fighting_stops_with_a_warning(scenery: Scenery, caplog: pytest.LogCaptureFixture) -> None:
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5)]
    plugins = [scenery.control, scenery.allocator]
    settings = AllocationSettings(reconcile="each_iteration")

    with running(scenery.machine, plugins, scenery.tasks, allocation=settings) as agent:
        for _ in range(8):
            step = scenery.step(agent)
            scenery.control.put("/a", cpu_quota=1.0)

    assert step.value("allocations_drift", type="cpu_quota") == 5
    assert (quota(step), caplog.text.count("left to them for 600 s")) == (1.0, 1)


# -- tasks that are not allocated to -------------------------------------------------------------


@plugin(api=1)
@dataclass(eq=False)
class Discoverer:
    """Fails, or hands out what it knew before."""

    tasks: list[Task]
    fails: bool = False
    is_stale: bool = False

    @hookimpl
    def discover_tasks(self) -> list[Task]:
        if self.fails:
            raise RuntimeError("no answer")
        return self.tasks


@pytest.mark.parametrize("state", [{"is_stale": True}, {"fails": True}])
def test_tasks_of_a_discoverer_that_does_not_answer_keep_what_they_have(
    scenery: Scenery, state: dict[str, bool]
) -> None:
    discoverer = Discoverer([make_task("/a")])
    scenery.tasks = [make_task("/b")]
    plugins = [scenery.control, scenery.allocator, discoverer]

    with running(scenery.machine, plugins, scenery.tasks) as agent:
        scenery.step(agent)
        for name, value in state.items():
            setattr(discoverer, name, value)
        scenery.allocator.wishes = [wish(task, "cpu_quota", 0.5) for task in ("/a", "/b")]
        step = scenery.step(agent)
        during = scenery.control.get("/a", "cpu_quota"), scenery.control.get("/b", "cpu_quota")
        for name in state:
            setattr(discoverer, name, False)
        scenery.step(agent)

    assert during == ("1.0", "0.5")
    assert step.value("allocations_errors") == 0
    assert scenery.control.get("/a", "cpu_quota") == "0.5"


def test_nothing_is_allocated_in_a_step_without_any_discoverer(scenery: Scenery) -> None:
    discoverer = Discoverer([make_task("/a")], fails=True)
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5)]
    agent = Agent([*map(whole_binding, [discoverer, scenery.control, scenery.allocator])], scenery.machine.host())
    agent.start()
    step = agent.step()
    agent.stop()

    assert scenery.control.get("/a", "cpu_quota") == "1.0"
    assert {one.name for one in step.allocations} >= {"allocations_count", "allocations_errors"}
    assert not [one for one in step.allocations if one.series.task]


def test_an_agent_that_does_not_allocate_asks_nobody_what_is_in_force(tmp_path: Path) -> None:
    control = FileControl(tmp_path, failing={"read_allocations"})

    with running(Machine(tmp_path / "machine"), [control], [make_task("/a")]) as agent:
        step = agent.step()

        assert not step.allocations.series
        assert agent.host.statistics.plugins["file-control"].errors == {}
        assert agent.host.transaction is None


# -- journal and exit ----------------------------------------------------------------------------


def test_what_was_changed_is_put_back_at_the_end_if_that_is_wanted(scenery: Scenery, tmp_path: Path) -> None:
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5), wish("/b", "cpuset_cpus", "1")]
    journal = tmp_path / "journal"

    scenery.steps(2, restore_on_exit="managed", restore_state_file=str(journal))

    assert scenery.control.path("/a", QUOTA).read_bytes() == b"1.0\n"
    assert scenery.control.get("/b", "cpuset_cpus") == "0-7"
    assert not journal.exists()


def test_what_cannot_be_put_back_makes_the_exit_code_3(scenery: Scenery, tmp_path: Path) -> None:
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5)]
    settings = AllocationSettings(restore_on_exit="managed", restore_state_file=str(tmp_path / "journal"))

    with running(scenery.machine, [scenery.control, scenery.allocator], scenery.tasks, allocation=settings) as agent:
        scenery.step(agent)
        assert agent.exit_code == 0
        scenery.control.path("/a", QUOTA).unlink()
        scenery.control.path("/a", QUOTA).mkdir()

    assert agent.exit_code == 3


def test_a_run_ends_with_the_exit_code_of_its_agent(scenery: Scenery, tmp_path: Path) -> None:
    control = scenery.control

    @plugin(api=1)
    class Breaking:
        """Wishes, and in the second step makes its file one that cannot be put back."""

        @hookimpl
        def allocate(self) -> list[Allocation]:
            if control.get("/a", "cpu_quota") == "0.5":
                control.path("/a", QUOTA).unlink()
                control.path("/a", QUOTA).mkdir()
                return []
            return [wish("/a", "cpu_quota", 0.5)]

    def run(count: int) -> int:
        settings = AllocationSettings(restore_on_exit="managed", restore_state_file=str(tmp_path / "journal"))
        parts = [GivenTasks(tasks=scenery.tasks), control, Breaking()]
        plan = Plan(bindings=tuple(map(whole_binding, parts)), interval=0, allocation=settings)
        return plan.run(scenery.machine.host(), count)

    assert run(1) == 0
    assert run(2) == 3


def test_what_somebody_else_wrote_since_stays_at_the_end(scenery: Scenery, tmp_path: Path) -> None:
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5)]
    settings = AllocationSettings(restore_on_exit="managed", restore_state_file=str(tmp_path / "journal"))

    with running(scenery.machine, [scenery.control, scenery.allocator], scenery.tasks, allocation=settings) as agent:
        scenery.step(agent)
        scenery.control.put("/a", cpu_quota=0.3)

    assert (scenery.control.get("/a", "cpu_quota"), agent.exit_code) == ("0.3", 0)


def test_every_write_and_what_was_wished_stands_in_the_audit_log(scenery: Scenery, tmp_path: Path) -> None:
    audit = tmp_path / "audit.jsonl"
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.01)]

    for dry_run in (True, False):
        scenery.steps(dry_run=dry_run, audit_log=str(audit), guard_rails=GuardRails(min_cpu_quota=0.2))

    records = [json.loads(line) for line in audit.read_text().splitlines()]
    assert [record["result"] for record in records] == ["dry_run", "ok"]
    found = {name: records[1][name] for name in ("plugin", "task_id", "type", "old", "new", "requested")}
    assert found == {
        "plugin": "wishing",
        "task_id": "/a",
        "type": "cpu_quota",
        "old": 1.0,
        "new": 0.2,
        "requested": 0.01,
    }
