"""Values that somebody else changes: told, written again, and after a while left to them."""

from wca_core.enforcement.merging import Place, Wish
from wca_core.enforcement.reconciling import MOST_DRIFTS, TRUCE, WINDOW, Drift, Reconcile, Reconciling
from wca_core.model.allocation import Allocation, AllocationType

QUOTA = AllocationType.CPU_QUOTA
PLACE: Place = ("a", QUOTA)


def wish(value: object, kind: AllocationType = QUOTA) -> Wish:
    return Wish(Allocation("a", kind, value), "allocator")


def reached(value: object, every: Reconcile = "each_iteration") -> Reconciling:
    reconciling = Reconciling(every)
    reconciling.reached([wish(value)])
    return reconciling


def drifted(reconciling: Reconciling, now: float) -> tuple[list[Drift], set[Place]]:
    """Somebody changed the value, and it is written again unless it is left to them."""
    drifts, left = reconciling.drifts({PLACE: wish(0.5)}, now)
    if not left:
        reconciling.reached([wish(0.5)])
    return drifts, left


def test_what_was_reached_is_wished_again_as_long_as_nobody_wishes_it_and_the_task_is_there() -> None:
    reconciling = reached(0.5)

    assert reconciling.missing({}, {"a"}, 0.0) == {PLACE: wish(0.5)}
    assert reconciling.missing({PLACE: wish(0.5)}, {"a"}, 0.0) == {}
    assert reconciling.missing({}, {"b"}, 0.0) == {}


def test_without_reconciling_nothing_is_kept() -> None:
    reconciling = reached(0.5, "off")

    assert reconciling.missing({}, {"a"}, 0.0) == {}
    assert reconciling.drifts({PLACE: wish(0.5)}, 0.0) == ([], set())


def test_it_is_wished_again_once_in_so_many_seconds() -> None:
    reconciling = reached(0.5, 30.0)

    due = [now for now in range(0, 100, 10) if reconciling.missing({}, {"a"}, float(now))]

    assert due == [0, 30, 60, 90]


def test_a_change_to_what_was_reached_before_is_a_drift_and_another_value_is_none() -> None:
    reconciling = reached(0.5)

    drifts, left = reconciling.drifts({PLACE: wish(0.5)}, 0.0)

    assert ([drift.place for drift in drifts], left) == ([PLACE], set())
    assert reconciling.drifts({PLACE: wish(0.6)}, 0.0) == ([], set())


def test_a_drift_that_cannot_be_corrected_yet_is_one_drift() -> None:
    reconciling = reached(0.5)

    found = [reconciling.drifts({PLACE: wish(0.5)}, float(now)) for now in range(3 * MOST_DRIFTS)]

    assert [len(drifts) for drifts, _ in found] == [1] + [0] * (3 * MOST_DRIFTS - 1)
    assert all(left == set() for _, left in found)


def test_a_drift_that_ended_by_itself_is_another_one_when_it_comes_back() -> None:
    reconciling = reached(0.5)

    found = [len(reconciling.drifts(changes, 0.0)[0]) for changes in ({PLACE: wish(0.5)}, {}, {PLACE: wish(0.5)})]

    assert found == [1, 0, 1]


def test_after_five_drifts_in_ten_minutes_the_value_is_left_to_the_other_for_ten_minutes() -> None:
    reconciling = reached(0.5)
    seconds = [float(second) for second in range(0, 2 * int(TRUCE), 10)]

    written = [now for now in seconds if not drifted(reconciling, now)[1]]

    assert written[: MOST_DRIFTS - 1] == [0.0, 10.0, 20.0, 30.0]
    assert written[MOST_DRIFTS - 1] == 40.0 + TRUCE


def test_giving_up_is_told_once() -> None:
    reconciling = reached(0.5)

    told = [drift.gives_up for now in range(20) for drift in drifted(reconciling, float(now))[0]]

    assert told == [False] * (MOST_DRIFTS - 1) + [True]


def test_rare_drifts_are_corrected_for_ever() -> None:
    reconciling = reached(0.5)

    left = [drifted(reconciling, round_ * WINDOW / (MOST_DRIFTS - 1))[1] for round_ in range(50)]

    assert left == [set()] * 50


def test_a_changed_mind_begins_anew() -> None:
    reconciling = reached(0.5)
    for now in range(MOST_DRIFTS):
        drifted(reconciling, float(now))

    assert reconciling.drifts({PLACE: wish(0.7)}, 10.0) == ([], set())
    reconciling.reached([wish(0.7)])

    drifts, left = reconciling.drifts({PLACE: wish(0.7)}, 11.0)
    assert (len(drifts), left) == (1, set())


def test_moving_pages_is_done_once_and_gone_tasks_are_forgotten() -> None:
    reconciling = Reconciling("each_iteration")
    reconciling.reached([wish(1, AllocationType.MIGRATE_PAGES), wish(0.5)])

    reconciling.forget_all_but({"b"})

    assert reconciling.missing({}, {"a"}, 0.0) == {}
