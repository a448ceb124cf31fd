"""Counters of hardware, of real cgroups, through the real driver of Intel's PMU: in the virtual machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from wca_rdt.perf.metrics import Perf

from plugins.wca_rdt.tests.perf.given import WORK, counted_by_perf, counted_cgroups
from tests.cgroups import Cgroups, wait_until
from tests.vm.guest import in_guest
from wca_core.agent import Agent
from wca_core.errors import StartError
from wca_core.host import Host
from wca_core.model.statistics import Statistics
from wca_core.testing import Measured, make_task, running

pytestmark = in_guest

GENERAL = ("task_cache_references", "task_cache_misses", "task_branch_instructions", "task_branch_misses")
"""None of these has a counter of its own, so that more than four do not fit."""
MORE = ("misses_once_more__r2E41", "branches_once_more__rC400")


@pytest.fixture
def cgroups() -> Iterator[Cgroups]:
    with counted_cgroups() as made:
        yield made


def perf(*names: str, **fields: object) -> Perf:
    return Perf(event_names=list(names), enable_derived_metrics=True, **fields)  # type: ignore[arg-type]


def step(agent: Agent) -> Measured:
    return Measured(agent.step(), Statistics())


def test_instructions_and_cycles_of_a_cgroup_are_those_that_perf_counts(cgroups: Cgroups) -> None:
    one, two = cgroups.make("one"), cgroups.make("two")
    tasks = [make_task(one.path), make_task(two.path)]
    with running(Host(), [perf("task_instructions", "task_cycles")], tasks) as agent:
        before = step(agent)
        by_perf = {one.path: counted_by_perf(one, "instructions", "cycles")}
        by_perf[two.path] = counted_by_perf(two, "instructions", "cycles")
        after = step(agent)

    for cgroup in (one, two):
        for metric, event in (("task_instructions", "instructions"), ("task_cycles", "cycles")):
            counted = after.value(metric, cgroup.path) - before.value(metric, cgroup.path)  # type: ignore[operator]
            assert counted == pytest.approx(by_perf[cgroup.path][event], rel=0.02), (cgroup.path, metric)
            assert counted > 1_000_000
        expected = by_perf[cgroup.path]["instructions"] / by_perf[cgroup.path]["cycles"]
        assert after.value("task_ipc", cgroup.path) == pytest.approx(expected, rel=0.05)
        assert after.value("task_scaling_factor_max", cgroup.path) == 1.0


def test_a_cgroup_that_rests_counts_nothing_and_has_no_ratio(cgroups: Cgroups) -> None:
    rests, busy = cgroups.make("rests"), cgroups.make("busy")
    rests.run("sleep", "1000")
    tasks = [make_task(rests.path), make_task(busy.path)]
    with running(Host(), [perf("task_instructions", "task_cycles")], tasks) as agent:
        before = step(agent)
        busy.run("sh", "-c", WORK).wait()
        after = step(agent)

    assert after.value("task_instructions", rests.path) == before.value("task_instructions", rests.path)
    assert after.value("task_ipc", rests.path) is None
    assert after.value("task_ipc", busy.path) > 0  # type: ignore[operator]


def test_more_events_than_counters_are_refused_by_name() -> None:
    plugin = perf(*GENERAL, *MORE, "task_instructions")

    with pytest.raises(StartError, match=f"{MORE[0]} does not fit beside {GENERAL[0]}"), running(Host(), [plugin]):
        pass


def test_an_event_whose_register_the_machine_lacks_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """Loads of the last level of cache take a register beside the counter."""
    with running(Host(), [perf("task_cycles", "task_llc_loads")]):
        pass

    assert "task_llc_loads: left out: this machine does not count it (ENXIO)" in caplog.text


def test_groups_that_take_turns_are_scaled_to_what_one_alone_counts(cgroups: Cgroups) -> None:
    busy = cgroups.make("busy")
    with running(Host(), [perf(*GENERAL, *MORE, perf_event_policy="best_effort")], [make_task(busy.path)]) as agent:
        step(agent)
        alone = counted_by_perf(busy, "cache-references")
        busy.run("sh", "-c", WORK).wait()
        found = step(agent)

    assert found.value("task_scaling_factor_max") > 1.2  # type: ignore[operator]
    assert found.value("task_scaling_factor_avg") > 1.2  # type: ignore[operator]
    assert found.value("task_cache_references") == pytest.approx(2 * alone["cache-references"], rel=0.3)


def test_files_that_are_closed_free_the_cgroup(cgroups: Cgroups) -> None:
    gone = cgroups.make("gone")
    parent = gone.directories[0].parent
    with running(Host(), [perf("task_cycles")], [make_task(gone.path)]) as agent:
        step(agent)
        gone.remove()
        held = _dying(parent)

    wait_until(lambda: _dying(parent) == 0, "the kernel still holds the removed cgroup")
    assert held == 1


def _dying(directory: Path) -> int:
    """Cgroups that were removed and are still held."""
    words = (directory / "cgroup.stat").read_text().split()
    return int(words[words.index("nr_dying_descendants") + 1])
