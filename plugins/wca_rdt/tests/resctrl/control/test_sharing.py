"""Tasks that share a group, and how many groups there can be."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.resctrl.control.budget import obsolete, without_room
from wca_rdt.resctrl.control.sharing import harmonised
from wca_rdt.resctrl.control.wanted import Wanted

VALUES = st.dictionaries(st.sampled_from(["L3", "MB"]), st.dictionaries(st.integers(0, 2), st.integers(1, 4)))
WISHES = st.dictionaries(st.sampled_from("abcde"), st.builds(Wanted, st.sampled_from(["be", "hp", ""]), VALUES))
GROUPS = st.sampled_from(["", "g1", "g2", "g3", "g4"])


def test_the_first_by_id_has_its_way() -> None:
    harmony = harmonised({"b": Wanted("be", {"L3": {0: 7}}), "a": Wanted("be", {"L3": {0: 3}})})

    assert harmony.wanted["b"] == Wanted("be", {"L3": {0: 3}})
    assert [str(conflict) for conflict in harmony.conflicts] == [
        "group 'be' is shared: a comes first with L3:0=3, found L3:0=7"
    ]


def test_other_domains_and_other_groups_are_no_conflict() -> None:
    wishes = {
        "a": Wanted("be", {"L3": {0: 3}}),
        "b": Wanted("be", {"L3": {1: 7}, "MB": {0: 10}}),
        "c": Wanted("hp", {"L3": {0: 1}}),
    }

    assert harmonised(wishes).wanted == wishes
    assert harmonised(wishes).conflicts == ()


@given(WISHES)
def test_afterwards_all_want_the_same_of_a_group_and_nobody_wants_more_than_before(wishes: dict[str, Wanted]) -> None:
    harmony = harmonised(wishes)

    agreed: dict[tuple[str, str, int], int] = {}
    for wanted in harmony.wanted.values():
        for name, amounts in wanted.values.items():
            for domain, amount in amounts.items():
                assert agreed.setdefault((wanted.group, name, domain), amount) == amount
    assert {task: shape(wish) for task, wish in harmony.wanted.items()} == {
        task: shape(wish) for task, wish in wishes.items()
    }
    assert harmonised(harmony.wanted).conflicts == ()


def shape(wanted: Wanted) -> object:
    return wanted.group, {name: set(amounts) for name, amounts in wanted.values.items()}


def test_a_group_that_all_its_tasks_leave_is_not_needed() -> None:
    existing = {"be": ["x", "y"], "hp": ["z"]}

    assert obsolete(existing, {"x": ("be", ""), "y": ("be", "hp")}, set()) == {"be"}
    assert obsolete(existing, {"x": ("be", "")}, set()) == set()
    assert obsolete(existing, {"x": ("be", ""), "y": ("be", ""), "z": ("hp", "be")}, set()) == {"hp"}


def test_a_group_with_a_task_that_stays_is_needed_also_without_a_record() -> None:
    assert obsolete({"be": ["x"]}, {"x": ("be", "")}, {"be"}) == set()


@given(st.dictionaries(st.sampled_from("abcdef"), GROUPS), st.sets(GROUPS), st.integers(1, 5))
def test_so_many_groups_and_no_more_are_served(wanted: Mapping[str, str], kept: set[str], limit: int) -> None:
    refused = without_room(wanted, kept, limit)

    served = kept | {group for task, group in wanted.items() if task not in refused}
    assert len(served) <= max(limit, len(kept))
    assert all(wanted[task] not in served and len(served) >= limit for task in refused)
