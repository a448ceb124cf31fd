"""What becomes of wishes in a replay."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wca_record.replaying.library import Options, replay
from wca_record.replaying.result import Wish

from plugins.wca_record.tests.replay.given import BATCH, WEB, Wishing, quota, recorded
from wca_core.enforcement.guard_rails import GuardRails
from wca_core.model.allocation import Allocation, AllocationType

STEP = {WEB.task_id: 0.5}


def wishes_of(*outputs: Sequence[object], rails: GuardRails | None = None, steps: int = 1) -> list[Wish]:
    in_force = [quota(1.0), quota(1.0, WEB)]
    plugins = [Wishing(wishes=output) for output in outputs]
    result = replay(recorded([STEP] * steps, in_force=in_force, memory=1000.0), plugins, Options(guard_rails=rails))
    return [wish for step in result.steps for wish in step.wishes]


def test_a_wish_is_told_with_what_was_in_force() -> None:
    (wish,) = wishes_of([quota(0.5)])

    assert (wish.plugin, wish.task_id, wish.type) == ("Wishing", BATCH.task_id, AllocationType.CPU_QUOTA)
    assert (wish.value, wish.state, wish.granted, wish.in_force) == (0.5, "wished", 0.5, 1.0)


def test_a_wish_beyond_a_guard_rail_is_clamped() -> None:
    (wish,) = wishes_of([quota(0.1)], rails=GuardRails(min_cpu_quota=0.3))

    assert (wish.state, wish.value, wish.granted) == ("clamped", 0.1, 0.3)


def test_a_wish_beyond_a_guard_rail_that_refuses_is_refused_alone() -> None:
    rails = GuardRails(min_cpu_quota=0.3, actions={"min_cpu_quota": "refuse"})

    low, high = wishes_of([quota(0.1), quota(0.4, WEB)], rails=rails)

    assert (low.state, low.granted) == ("refused", None)
    assert "min_cpu_quota" in low.reason
    assert high.state == "wished"


def test_the_guard_rail_of_memory_knows_what_the_task_used() -> None:
    (wish,) = wishes_of([Allocation(WEB.task_id, AllocationType.MEMORY_HIGH, 10)], rails=GuardRails())

    assert (wish.state, wish.granted) == ("clamped", 1000)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (quota(7), "a number from 0 to 1 expected, found 7"),
        (Allocation("gone", AllocationType.CPU_QUOTA, 0.5), "no such task was there"),
    ],
)
def test_an_invalid_wish_costs_all_of_the_step_as_in_an_agent(bad: Allocation, reason: str) -> None:
    first, second = wishes_of([bad, quota(0.5, WEB)])

    assert (first.state, first.reason) == ("refused", reason)
    assert (second.state, second.reason) == ("refused", "another wish of this step is invalid (agent.on_invalid)")


def test_the_plugin_named_first_goes_before_the_others() -> None:
    first, second = wishes_of([quota(0.5)], [quota(0.7)])

    assert (first.plugin, first.state) == ("Wishing", "wished")
    assert (second.plugin, second.state, second.reason) == ("Wishing-2", "refused", "Wishing comes first with 0.5")


def test_a_repeated_wish_is_new_only_once() -> None:
    found = wishes_of([quota(0.5)], steps=3)

    assert [wish.is_new for wish in found] == [True, False, False]


def test_a_list_that_the_allocator_goes_on_changing_is_told_as_it_was() -> None:
    cpus = [0]
    wish = Allocation(WEB.task_id, AllocationType.CPUSET_CPUS, cpus)

    result = replay(recorded([STEP]), [Wishing(wishes=[wish])])
    cpus.append(1)

    assert result.wishes[0].value == (0,)


@pytest.mark.parametrize(("feeds_back", "in_force"), [(False, [1.0, 1.0]), (True, [1.0, 0.5])])
def test_what_is_granted_counts_as_in_force_only_if_asked_for(feeds_back: bool, in_force: list[float]) -> None:
    allocator = Wishing(wishes=[quota(0.5, WEB)])

    replay(recorded([STEP, STEP], in_force=[quota(1.0, WEB)]), [allocator], Options(feeds_back=feeds_back))

    assert [seen.get(AllocationType.CPU_QUOTA) for seen in allocator.in_force] == in_force


VALUES = st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(), st.lists(st.integers()))
WISHES = st.lists(
    st.builds(Allocation, st.sampled_from(["/web", "/batch", "x"]), st.sampled_from(AllocationType), VALUES)
)


@settings(max_examples=60)
@given(outputs=st.lists(WISHES, max_size=3), has_rails=st.booleans())
def test_whatever_is_wished_each_place_of_each_plugin_gets_one_answer(
    outputs: list[list[Allocation]], has_rails: bool
) -> None:
    rails = GuardRails(min_cpu_quota=0.2, min_cpus_per_task=2) if has_rails else None

    found = wishes_of(*outputs, rails=rails)

    places = [(wish.plugin, wish.task_id, wish.type) for wish in found]
    asked = {(wish.task_id, wish.type) for output in outputs for wish in output}
    assert len(places) == len(set(places))
    assert {place[1:] for place in places} == asked
    assert all((wish.granted is None) == (wish.state == "refused") or wish.value is None for wish in found)
    assert all(bool(wish.reason) == (wish.state != "wished") for wish in found)
