"""A step that allocates: invalid wishes, and plugins and writes that fail."""

import logging
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.file_control import FileControl, Wishing, wish
from tests.scenery import EXTRA, QUOTA, Scenery, made_in, quota
from wca_core.errors import TooManyFailures
from wca_core.model.allocation import Allocation
from wca_core.model.anomaly import Anomaly
from wca_core.model.rdt_allocation import RDTAllocation
from wca_core.plugin_api import hookimpl, plugin


@pytest.fixture
def scenery(tmp_path: Path) -> Scenery:
    return made_in(tmp_path)


# -- invalid wishes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "invalid",
    [
        wish("/a", "cpu_quota", 1.5),
        wish("/a", "cpuset_cpus", "8"),
        wish("/a", "rdt", RDTAllocation()),
        wish("/nobody", "cpu_quota", 0.5),
    ],
    ids=["out of range", "no such CPU", "nobody changes it", "no such task"],
)
def test_an_invalid_wish_drops_all_and_what_was_found_stays(
    scenery: Scenery, invalid: Allocation, caplog: pytest.LogCaptureFixture
) -> None:
    scenery.allocator.wishes = [wish("/b", "cpu_quota", 0.5), invalid, EXTRA.sample(7), Anomaly(contended_task_id="/a")]

    (step,) = scenery.steps()

    assert (scenery.control.get("/b", "cpu_quota"), quota(step, "/b")) == ("1.0", 1.0)
    assert (step.value("allocations_errors"), step.value("allocations_count")) == (1, 0)
    assert (step.value("allocator_extra"), len(step.step.anomalies)) == (7, 1)
    (message,) = [record.message for record in caplog.records if record.levelno >= logging.ERROR]
    assert all(part in message for part in (invalid.type.value, invalid.task_id, repr(invalid.value), "wishing"))


def test_only_the_task_of_an_invalid_wish_is_dropped_if_that_is_wanted(scenery: Scenery) -> None:
    scenery.allocator.wishes = [
        wish("/a", "cpu_shares", 2),
        wish("/a", "cpu_quota", 1.5),
        wish("/b", "cpu_quota", 0.5),
    ]

    (step,) = scenery.steps(on_invalid="ignore_task")

    assert [scenery.control.get(*at) for at in (("/a", "cpu_shares"), ("/b", "cpu_quota"))] == ["1.0", "0.5"]
    assert (step.value("allocations_errors"), step.value("allocations_count")) == (1, 1)


def test_a_type_that_nothing_changes_names_who_would(scenery: Scenery, caplog: pytest.LogCaptureFixture) -> None:
    scenery.allocator.wishes = [wish("/a", "rdt", RDTAllocation()), wish("/b", "cpu_quota", 0.5)]

    (step,) = scenery.steps()
    assert "wca-rdt" in caplog.text

    (ignoring,) = scenery.steps(ignore_unsupported=True)
    assert (step.value("allocations_errors"), ignoring.value("allocations_errors")) == (1, 0)
    assert scenery.control.get("/b", "cpu_quota") == "0.5"


# -- what fails ----------------------------------------------------------------------------------


def test_an_allocator_that_fails_costs_only_its_own_wishes(scenery: Scenery) -> None:
    scenery.allocator.error = RuntimeError("no idea")
    scenery.more = [Wishing([wish("/b", "cpu_quota", 0.5)])]

    (step,) = scenery.steps()

    assert (quota(step), quota(step, "/b")) == (1.0, 0.5)
    assert step.statistics.plugins["wishing"].errors["allocate"] == 1
    assert step.value("allocations_errors") == 0


def test_something_strange_in_an_output_drops_its_allocations_and_nobody_elses(scenery: Scenery) -> None:
    scenery.allocator.wishes = [
        wish("/a", "cpu_quota", 0.5),
        {"/a": 1},
        EXTRA.sample(7),
        Anomaly(contended_task_id="/a"),
    ]
    scenery.more = [Wishing([wish("/b", "cpu_quota", 0.5)])]

    (step,) = scenery.steps()

    assert (quota(step), quota(step, "/b")) == (1.0, 0.5)
    assert (step.value("allocations_errors"), step.value("allocator_extra"), len(step.step.anomalies)) == (1, 7, 1)


@pytest.mark.parametrize("hook", ["check_allocations", "plan_writes"])
def test_a_plugin_that_fails_to_check_or_plan_costs_only_its_own_types(scenery: Scenery, hook: str) -> None:
    @plugin(api=1)
    @dataclass(eq=False)
    class OfShares(FileControl):
        """Answers for shares only, and does not fail."""

    other = OfShares(scenery.control.root)
    scenery.control.failing = {hook}
    scenery.more = [other]
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5)]

    (step,) = scenery.steps()

    # who answered first and then cannot plan loses its changes; who does not answer leaves them to the next
    expected = {"check_allocations": 0.5, "plan_writes": 1.0}[hook]
    assert (quota(step), step.value("allocations_errors")) == (expected, 0)


def test_a_failed_check_is_no_invalid_wish(scenery: Scenery) -> None:
    scenery.control.failing = {"check_allocations"}
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5)]

    (step,) = scenery.steps()

    assert (quota(step), step.value("allocations_errors")) == (1.0, 0)


def test_values_in_force_that_cannot_be_read_are_not_told_and_the_wish_is_written(scenery: Scenery) -> None:
    scenery.control.failing = {"read_allocations"}
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5)]

    (step,) = scenery.steps()

    assert (quota(step), quota(step, "/b")) == (0.5, None)
    assert scenery.control.get("/a", "cpu_quota") == "0.5"


def test_a_refused_write_leaves_the_task_as_it_was_and_is_tried_later(scenery: Scenery) -> None:
    scenery.allocator.wishes = [wish("/a", "cpu_shares", 3), wish("/a", "cpu_quota", 0.5), wish("/b", "cpu_quota", 0.5)]
    quota_file = scenery.control.path("/a", QUOTA)
    quota_file.unlink()
    quota_file.mkdir()  # EISDIR

    steps = scenery.steps(8)

    last = steps[-1]
    assert (scenery.control.get("/a", "cpu_shares"), last.value("allocation_cpu_shares", "/a")) == ("1.0", 1.0)
    assert quota(last, "/b") == 0.5
    tried = [step.value("wca_allocation_write_errors", type="cpu_quota", errno="EISDIR") for step in steps]
    assert tried[-1] == 4


def test_an_allocator_that_fails_too_often_ends_the_agent(scenery: Scenery) -> None:
    scenery.allocator.error = RuntimeError("no idea")

    assert len(scenery.steps(10)) == 10
    with pytest.raises(TooManyFailures, match=r"wishing failed in allocate 3 times in a row"):
        scenery.steps(10, max_consecutive_plugin_errors=3)


def test_a_slow_allocator_is_told(scenery: Scenery, caplog: pytest.LogCaptureFixture) -> None:
    machine = scenery.machine

    @plugin(api=1)
    class Slow:
        @hookimpl
        def allocate(self) -> None:
            machine.clock.advance(2.5)

    scenery.more = [Slow()]

    (step,) = scenery.steps(allocate_timeout=2.0)

    assert "allocate took 2.500 s" in caplog.text
    assert step.value("allocation_duration") == 2.5


# -- several allocators, conflicts ---------------------------------------------------------------


def test_the_allocator_named_first_wins_and_the_conflict_is_counted(
    scenery: Scenery, caplog: pytest.LogCaptureFixture
) -> None:
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5)]
    scenery.more = [Wishing([wish("/a", "cpu_quota", 0.7), wish("/a", "cpu_shares", 2)])]

    (step,) = scenery.steps()

    assert (quota(step), step.value("allocation_cpu_shares", "/a")) == (0.5, 2)
    assert step.value("allocations_conflicts") == 1
    assert "wishing comes first with 0.5" in caplog.text
