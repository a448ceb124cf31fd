"""Merging, what invalid wishes cost, changes, how many at once, when again: pure decisions."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from wca_core.enforcement.back_off import LONGEST, BackOff
from wca_core.enforcement.blast_radius import BlastRadius
from wca_core.enforcement.invalid import remaining
from wca_core.enforcement.merging import Place, Wish, merged
from wca_core.enforcement.settled import Settled
from wca_core.enforcement.target import by_place, difference, overlaid
from wca_core.model.allocation import Allocation, AllocationType, Refusal

QUOTA, SHARES, CPUS = AllocationType.CPU_QUOTA, AllocationType.CPU_SHARES, AllocationType.CPUSET_CPUS

PLACES = st.tuples(st.sampled_from("abc"), st.sampled_from([QUOTA, SHARES, CPUS]))
ALLOCATIONS = st.builds(lambda place, value: Allocation(place[0], place[1], value), PLACES, st.integers(0, 3))
OUTPUTS = st.lists(st.tuples(st.sampled_from(["p", "q", "r"]), st.lists(ALLOCATIONS, max_size=5)), max_size=4)


class Uneasy:
    """A value that refuses to be compared, as arrays do."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("ambiguous")

    __hash__ = None  # type: ignore[assignment]


# -- merging -------------------------------------------------------------------------------------


def test_of_several_plugins_the_first_wins_and_only_another_value_is_a_conflict() -> None:
    first, same, other = Allocation("a", QUOTA, 0.5), Allocation("a", QUOTA, 0.5), Allocation("a", QUOTA, 0.7)

    together = merged([("one", [first]), ("two", [same]), ("three", [other])])

    assert together.wishes["a", QUOTA].allocation is first
    assert [wish.plugin for wish in together.overruled] == ["three"]


def test_of_one_plugins_wishes_for_one_place_the_last_counts() -> None:
    together = merged([("one", [Allocation("a", QUOTA, 0.5), Allocation("a", QUOTA, 0.7)])])

    assert (together.wishes["a", QUOTA].allocation.value, together.overruled) == (0.7, ())


def test_wishes_that_refuse_to_be_compared_are_a_conflict_and_no_error() -> None:
    outputs = [(name, [Allocation("a", QUOTA, Uneasy())]) for name in ("one", "two")]

    assert len(merged(outputs).overruled) == 1


@given(OUTPUTS)
def test_merging_is_deterministic_and_invents_nothing(outputs: list[tuple[str, list[Allocation]]]) -> None:
    together = merged(outputs)

    every = [allocation for _, allocations in outputs for allocation in allocations]
    assert merged(outputs) == together
    assert set(together.wishes) == {(one.task_id, one.type) for one in every}
    assert all(any(wish.allocation is one for one in every) for wish in together.wishes.values())


# -- invalid wishes ------------------------------------------------------------------------------


def test_one_invalid_wish_costs_all_or_its_task() -> None:
    accepted = {("a", QUOTA): 1, ("a", SHARES): 2, ("b", QUOTA): 3}
    invalid = [Refusal("a", CPUS, "no")]

    assert remaining(accepted, [], "ignore_all") == accepted
    assert remaining(accepted, invalid, "ignore_all") == {}
    assert remaining(accepted, invalid, "ignore_task") == {("b", QUOTA): 3}


# -- changes -------------------------------------------------------------------------------------


@given(st.lists(ALLOCATIONS), st.lists(ALLOCATIONS))
def test_what_is_wanted_without_what_is_in_force_applied_to_that_gives_what_is_wanted(
    wanted_list: list[Allocation], in_force_list: list[Allocation]
) -> None:
    in_force = by_place(in_force_list)
    wanted = {**in_force, **by_place(wanted_list)}

    changes = difference(wanted, in_force)

    assert overlaid(in_force, changes) == wanted
    assert all(place not in in_force or wanted[place] is not in_force[place] for place in changes)


def test_the_very_allocation_in_force_is_no_change_and_an_equal_one_is() -> None:
    in_force = by_place([Allocation("a", QUOTA, 0.5)])
    equal = by_place([Allocation("a", QUOTA, 0.5)])

    assert difference(in_force, in_force) == {}
    assert difference(equal, in_force) == equal


# -- wishes that nobody need be asked about ------------------------------------------------------

AROUND = (object(),)


def settled() -> tuple[Settled, dict[Place, Wish], dict[Place, Allocation]]:
    """Two wishes for one task and one for another, all found to be in force."""
    in_force = by_place([Allocation("a", QUOTA, 0.5), Allocation("a", SHARES, 2), Allocation("b", QUOTA, 1.0)])
    wishes = {place: Wish(Allocation(place[0], place[1], one.value), "p") for place, one in in_force.items()}
    found = Settled()
    assert found.unsettled(wishes, in_force, AROUND) == wishes
    found.note(wishes, {place: (wish.allocation.value, in_force[place]) for place, wish in wishes.items()})
    return found, wishes, in_force


def test_a_repeated_wish_that_is_in_force_is_not_asked_about_again() -> None:
    found, wishes, in_force = settled()

    assert found.unsettled(wishes, in_force, AROUND) == {}


def test_all_of_a_task_are_asked_about_if_one_of_its_wishes_or_values_changed() -> None:
    of_a = {("a", QUOTA), ("a", SHARES)}

    found, wishes, in_force = settled()
    wishes["a", QUOTA] = Wish(Allocation("a", QUOTA, 0.7), "p")
    assert set(found.unsettled(wishes, in_force, AROUND)) == of_a

    found, wishes, in_force = settled()
    in_force["a", SHARES] = Allocation("a", SHARES, 2)
    assert set(found.unsettled(wishes, in_force, AROUND)) == of_a

    found, wishes, in_force = settled()
    del in_force["a", SHARES]
    assert set(found.unsettled(wishes, in_force, AROUND)) == of_a


def test_all_are_asked_about_if_what_is_around_them_changed_or_the_answer_did() -> None:
    found, wishes, in_force = settled()
    assert found.unsettled(wishes, in_force, (object(),)) == wishes

    found, wishes, in_force = settled()
    found.note([("b", QUOTA)], {})
    assert set(found.unsettled(wishes, in_force, AROUND)) == {("b", QUOTA)}


# -- how many at once ----------------------------------------------------------------------------


def test_tasks_that_waited_go_first() -> None:
    radius = BlastRadius(2)

    rounds = [sorted(radius.of("abc")) for _ in range(3)]

    assert rounds == [["a", "b"], ["a", "c"], ["a", "b"]]


def test_a_limit_that_refuses_changes_nobody_in_a_step_that_would_change_more() -> None:
    radius = BlastRadius(2, refuses=True)

    assert list(radius.of("abc")) == []
    assert list(radius.of("ab")) == ["a", "b"]


@given(st.integers(0, 4), st.lists(st.frozensets(st.sampled_from("abcdef"))))
def test_never_more_tasks_than_the_limit_and_none_that_did_not_ask(limit: int, steps: list[frozenset[str]]) -> None:
    radius = BlastRadius(limit)

    for asking in steps:
        chosen = set(radius.of(asking))
        assert chosen <= asking
        assert len(chosen) == min(limit, len(asking))


# -- back-off ------------------------------------------------------------------------------------


def tried(back_off: BackOff, value: object, steps: int, cause: str = "EBUSY") -> list[int]:
    """The steps in which a change that always fails is tried."""
    found = []
    for step in range(steps):
        if not back_off.waiting([(("a", QUOTA), value)], step):
            found.append(step)
            back_off.failed(("a", QUOTA), cause, value, step)
    return found


def test_a_change_that_fails_waits_twice_as_long_each_time_up_to_a_minute_of_steps() -> None:
    pauses = tried(BackOff(), 0.5, 300)

    differences = [later - earlier for earlier, later in itertools.pairwise(pauses)]
    assert differences == [1, 2, 4, 8, 16, 32, LONGEST, LONGEST, LONGEST]


def test_another_value_is_tried_at_once_and_another_cause_begins_anew() -> None:
    back_off = BackOff()
    tried(back_off, 0.5, 8)

    assert back_off.waiting([(("a", QUOTA), 0.5)], 8)
    assert not back_off.waiting([(("a", QUOTA), 0.6)], 8)
    assert back_off.failed(("a", QUOTA), "EINVAL", 0.5, 8)
    assert not back_off.waiting([(("a", QUOTA), 0.5)], 9)


def test_an_allocator_that_wishes_something_new_in_each_step_waits_too() -> None:
    back_off, found = BackOff(), []

    for step in range(100):
        if not back_off.waiting([(("a", QUOTA), step / 100)], step):
            found.append(step)
            back_off.failed(("a", QUOTA), "EBUSY", step / 100, step)

    assert found == [0, 1, 3, 7, 15, 31, 63]


def test_all_changes_of_a_task_wait_together_if_they_are_undone_together() -> None:
    wanted: list[tuple[tuple[str, AllocationType], object]] = [
        (("a", QUOTA), 0.5),
        (("a", SHARES), 2),
        (("b", QUOTA), 0.5),
    ]
    together, apart = BackOff(), BackOff(by_task=False)
    for back_off in (together, apart):
        back_off.failed(("a", QUOTA), "EBUSY", 0.5, 0)
        back_off.failed(("a", QUOTA), "EBUSY", 0.5, 1)

    assert together.waiting(wanted, 2) == {("a", QUOTA), ("a", SHARES)}
    assert apart.waiting(wanted, 2) == {("a", QUOTA)}


def test_success_and_the_end_of_a_task_end_the_waiting() -> None:
    for end in ("success", "gone"):
        back_off = BackOff()
        for step in range(3):
            back_off.failed(("a", QUOTA), "EBUSY", 0.5, step)

        back_off.succeeded([("a", QUOTA)]) if end == "success" else back_off.forget_all_but({"b"})

        assert not back_off.waiting([(("a", QUOTA), 0.5)], 3)
