"""Who waits for a group, and who hands one over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.resctrl.rotation import Rotation


def anybody(task_id: str) -> bool:
    return True


def holding(steps: int, *task_ids: str) -> Rotation:
    rotation = Rotation(steps)
    rotation.begin_step()
    for task_id in task_ids:
        rotation.hold(task_id)
    return rotation


def after(rotation: Rotation, steps: int) -> Rotation:
    for _ in range(steps):
        rotation.begin_step()
    return rotation


def test_nobody_hands_over_while_nobody_waits() -> None:
    assert after(holding(3, "a"), 10).hand_over(anybody) is None


def test_the_one_that_had_its_group_longest_hands_over_and_waits_behind_the_others() -> None:
    rotation = holding(3, "a", "b")
    rotation.wait("c")

    handed = after(rotation, 3).hand_over(anybody)

    assert (handed, rotation.waiting) == ("a", ["c", "a"])


def test_nobody_hands_over_before_its_time() -> None:
    rotation = holding(3, "a")
    rotation.wait("b")

    assert after(rotation, 2).hand_over(anybody) is None


def test_one_group_is_on_its_way_at_a_time() -> None:
    rotation = holding(1, "a", "b")
    rotation.wait("c")
    rotation.wait("d")
    after(rotation, 1).hand_over(anybody)

    while_on_its_way = after(rotation, 5).hand_over(anybody)
    rotation.hold("c")

    assert (while_on_its_way, rotation.hand_over(anybody)) == (None, "b")


def test_nobody_hands_over_where_that_is_off() -> None:
    rotation = holding(0, "a")
    rotation.wait("b")

    assert after(rotation, 100).hand_over(anybody) is None


def test_who_may_not_hand_over_is_passed_over() -> None:
    rotation = holding(1, "record", "a")
    rotation.wait("b")

    assert after(rotation, 1).hand_over(lambda task_id: task_id != "record") == "a"


@given(groups=st.integers(1, 4), tasks=st.integers(1, 10), steps=st.integers(1, 5))
def test_everybody_has_a_group_in_time(groups: int, tasks: int, steps: int) -> None:
    rotation = Rotation(steps)
    names = [str(number) for number in range(tasks)]
    for name in names:
        rotation.wait(name)
    held: set[str] = set()
    seen: set[str] = set()
    for _ in range((steps + 1) * (tasks + 1) * 2):
        rotation.begin_step()
        for name in rotation.waiting[: groups - len(held)]:
            rotation.hold(name)
            held.add(name)
        seen |= held
        if (handed := rotation.hand_over(held.__contains__)) is not None:
            held.remove(handed)

    assert seen == set(names)
