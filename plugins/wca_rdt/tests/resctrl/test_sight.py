"""Which control group a task belongs to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.resctrl.sight import most_of

THREADS = st.sets(st.integers(1, 9))


def test_a_task_belongs_where_most_of_its_threads_are() -> None:
    assert most_of({1, 2, 3}, {"gold": {2, 3}, "silver": {1}}) == "gold"


def test_threads_in_no_control_group_are_in_the_root() -> None:
    assert most_of({1, 2, 3}, {"gold": {3}}) == ""


def test_the_root_comes_first_of_equals() -> None:
    assert most_of({1, 2}, {"gold": {2}}) == ""


def test_the_first_by_name_comes_first_of_others() -> None:
    assert most_of({1, 2}, {"silver": {2}, "gold": {1}}) == "gold"


def test_a_task_without_threads_belongs_to_the_root() -> None:
    assert most_of((), {"gold": {1}}) == ""


@given(THREADS, st.dictionaries(st.text(min_size=1, max_size=3), THREADS))
def test_no_control_group_has_more_of_the_threads(threads: set[int], controls: dict[str, set[int]]) -> None:
    seen: set[int] = set()
    apart = {}
    for control, members in controls.items():  # a thread is in one control group
        apart[control] = members - seen
        seen |= members

    chosen = most_of(threads, apart)

    by_control = {"": threads - seen, **{control: threads & members for control, members in apart.items()}}
    assert len(by_control[chosen]) == max(map(len, by_control.values()))
