"""A step that allocates: what is written, and what is told of it."""

from pathlib import Path

import pytest

from tests.file_control import wish
from tests.scenery import EXTRA, QUOTA, Scenery, made_in, quota
from wca_core.allocation_metrics import AllocationSamples
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.anomaly import Anomaly
from wca_core.model.rdt_allocation import RDTAllocation
from wca_core.model.snapshot import Snapshot
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import Memory, make_task, running


@pytest.fixture
def scenery(tmp_path: Path) -> Scenery:
    return made_in(tmp_path)


# -- what is written and told --------------------------------------------------------------------


def test_a_wish_is_written_and_the_target_is_told(scenery: Scenery) -> None:
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5), wish("/a", "cpuset_cpus", [1, 0])]

    (step,) = scenery.steps()

    assert (scenery.control.get("/a", "cpu_quota"), scenery.control.get("/a", "cpuset_cpus")) == ("0.5", "0,1")
    assert (quota(step), quota(step, "/b")) == (0.5, 1.0)
    assert step.value("allocation_cpuset_cpus_number_of_cpus", "/a") == 2
    assert step.value("allocations_count") == 1


def test_allocation_metrics_carry_their_type_the_container_and_the_labels_of_the_task(scenery: Scenery) -> None:
    (step,) = scenery.steps()

    (sample,) = [one for one in step.samples("allocation_cpu_quota") if one.labels["task_id"] == "/a"]
    assert sample.labels == {
        "allocation_type": "cpu_quota",
        "container_name": "a",
        "task": "/a",
        "task_id": "/a",
        "task_name": "a",
        "tier": "1",
    }


def test_counters_are_there_at_0_from_the_first_step_on(scenery: Scenery) -> None:
    (step,) = scenery.steps()

    assert [step.value(name) for name in ("allocations_count", "allocations_errors", "allocation_duration")] == [0] * 3
    for name in ("writes", "drift", "clamped", "dry_run"):
        assert step.value(f"allocations_{name}", type="cpu_quota") == 0
    assert step.value("wca_allocation_rollbacks", type="cpu_quota") == 0


def test_repeated_wishes_write_nothing(scenery: Scenery) -> None:
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5), wish("/b", "cpu_quota", 0.52)]

    first, second, third = scenery.steps(3)

    assert third.value("allocations_writes", type="cpu_quota") == 2
    assert (quota(second), quota(third, "/b")) == (0.5, 0.52)
    assert third.value("allocations_count") == 6
    assert first.step.allocations.series == third.step.allocations.series


def test_a_task_and_a_type_that_are_not_wished_stay(scenery: Scenery) -> None:
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5)]
    scenery.steps()
    scenery.allocator.wishes = []

    (step,) = scenery.steps()

    assert (quota(step), scenery.control.get("/a", "cpu_quota")) == (0.5, "0.5")


def test_the_allocator_sees_what_is_in_force_by_task_and_type(scenery: Scenery) -> None:
    seen: list[object] = []

    @plugin(api=1)
    class Looking:
        @hookimpl
        def allocate(self, snapshot: Snapshot) -> None:
            task = snapshot.tasks[0]
            seen.append((snapshot.allocation(QUOTA, task), sorted(snapshot.allocations_of(task))))

    scenery.more = [Looking()]

    scenery.steps()

    assert seen == [(1.0, ["cpu_quota", "cpu_shares", "cpuset_cpus"])]


def test_moving_pages_is_told_in_the_step_that_does_it(scenery: Scenery) -> None:
    scenery.control.put("/a", migrate_pages=0)
    scenery.allocator.wishes = [wish("/a", "migrate_pages", 1)]
    first = scenery.steps()[0]
    scenery.allocator.wishes = []
    second = scenery.steps()[0]

    assert first.value("allocation_migrate_pages", "/a") == 1
    assert second.value("allocation_migrate_pages", "/a") is None


def test_allocations_are_stored_with_the_counts_and_the_findings(scenery: Scenery) -> None:
    storage = Memory()
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5), EXTRA.sample(7), Anomaly(contended_task_id="/a")]
    scenery.more = [storage]

    scenery.steps()

    (stored,) = storage.stored["allocations"]
    assert {"allocation_cpu_quota", "allocations_count"} <= {one.name for one in stored}
    assert {"allocator_extra", "anomaly_count"} <= {one.name for one in storage.stored["anomalies"][0]}


def test_rdt_allocations_are_told_by_domain(scenery: Scenery) -> None:
    task = make_task("/a/x")
    value = RDTAllocation(name="batch", l3="L3:0=3;1=7", mb="MB:0=20;1=20")

    found = AllocationSamples().of([Allocation("/a/x", AllocationType.RDT, value)], {"/a/x": task})

    told = {(one.name, one.labels["domain_id"]): one.value for one in found}
    assert told == {
        ("allocation_rdt_l3_cache_ways", "0"): 2,
        ("allocation_rdt_l3_cache_ways", "1"): 3,
        ("allocation_rdt_l3_mask", "0"): 3,
        ("allocation_rdt_l3_mask", "1"): 7,
        ("allocation_rdt_mb", "0"): 20,
        ("allocation_rdt_mb", "1"): 20,
    }
    labels = next(iter(found)).labels
    assert (labels["group_name"], labels["allocation_type"], labels["container_name"]) == (
        "batch",
        "rdt_l3_cache_ways",
        "a-x",
    )


@pytest.mark.parametrize(("name", "group"), [(None, "a-x"), ("", ""), ("be", "be")])
def test_the_group_of_an_rdt_allocation_is_resolved(name: str | None, group: str) -> None:
    allocation = Allocation("/a/x", AllocationType.RDT, RDTAllocation(name=name, l3_code="L3CODE:0=3"))

    (sample,) = AllocationSamples().of([allocation], {"/a/x": make_task("/a/x")})

    assert (sample.name, sample.labels["group_name"], sample.value) == ("allocation_rdt_l3_code_mask", group, 3)


def test_values_that_are_no_numbers_have_no_sample() -> None:
    kinds = (AllocationType.MEMORY_HIGH, AllocationType.CPU_QUOTA, AllocationType.CPUSET_CPUS, AllocationType.RDT)
    values = ("max", float("inf"), "7-1", RDTAllocation(l3="nonsense"))
    allocations = [Allocation("/a", kind, value) for kind, value in zip(kinds, values, strict=True)]

    assert not AllocationSamples().of(allocations, {"/a": make_task("/a")}).series


def test_a_wish_that_is_known_to_be_in_force_is_checked_again_only_if_something_changed(scenery: Scenery) -> None:
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5)]
    scenery.control.repeats = True
    plugins = [scenery.control, scenery.allocator]

    with running(scenery.machine, plugins, scenery.tasks) as agent:
        for _ in range(4):
            step = scenery.step(agent)
        asked = len(scenery.control.asked)
        scenery.control.put("/a", cpu_quota=1.0)
        last = scenery.step(agent)

    assert asked == 2  # to write it, and to find it in force
    assert (quota(step), step.value("allocations_count")) == (0.5, 4)
    assert (scenery.control.get("/a", "cpu_quota"), last.value("allocations_count")) == ("0.5", 5)
