"""Counters that never fall."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.resctrl.accumulators import Accumulator, Counted
from wca_rdt.resctrl.values import Reading

COUNTS = st.integers(min_value=0, max_value=2**64 - 1)


def readings(domain: int, total: Reading, local: Reading = "Unavailable") -> dict[tuple[str, int], Reading]:
    return {("mbm_total_bytes", domain): total, ("mbm_local_bytes", domain): local}


@given(st.lists(COUNTS | st.none()))
def test_a_counter_never_falls_whatever_the_kernel_says(counts: list[int | None]) -> None:
    counter = Accumulator()
    values = [counter.value]
    for count in counts:
        if count is None:
            counter.restart()
        else:
            counter.take(count)
        values.append(counter.value)

    assert values == sorted(values)


@given(st.lists(st.lists(st.integers(min_value=0, max_value=2**40), max_size=5)))
def test_a_counter_is_the_sum_of_what_each_group_counted(groups: list[list[int]]) -> None:
    counter = Accumulator()
    for steps in groups:
        counted = 0
        counter.restart()
        for step in steps:
            counted += step
            counter.take(counted)

    assert counter.value == sum(map(sum, groups))


def test_a_new_group_that_has_counted_more_by_now_counts_from_0() -> None:
    counted = Counted()
    counted.take(readings(0, 100))
    counted.restart()
    counted.take(readings(0, 150))

    assert counted.of("mbm_total_bytes") == {0: 250}


def test_remote_is_what_total_grew_more_than_local() -> None:
    counted = Counted()
    for total, local in ((10, 8), (12, 12), (20, 14)):
        counted.take(readings(0, total, local))

    assert counted.remote == {0: 2 + 0 + 6}


def test_remote_waits_for_a_step_in_which_both_are_valid() -> None:
    counted = Counted()
    counted.take(readings(0, 10, 10))
    counted.take(readings(0, 30))
    before = counted.remote
    counted.take(readings(0, 40, 20))

    assert (before, counted.remote) == ({0: 0}, {0: 20})


def test_there_is_no_remote_where_only_one_is_counted() -> None:
    counted = Counted()
    counted.take({("mbm_total_bytes", 0): 10})

    assert counted.remote == {}


def test_occupancy_is_of_this_step_only() -> None:
    counted = Counted()
    counted.take({("llc_occupancy", 0): 10, ("llc_occupancy", 1): 20})
    counted.take({("llc_occupancy", 0): "Unavailable", ("llc_occupancy", 1): 25})

    assert counted.occupancy == {1: 25}


@given(st.lists(st.tuples(COUNTS | st.just("Error"), COUNTS | st.just("Unavailable"))))
def test_no_counter_of_a_task_ever_falls(steps: list[tuple[Reading, Reading]]) -> None:
    counted = Counted()
    seen: list[tuple[float, float, float]] = []
    for total, local in steps:
        counted.take(readings(3, total, local))
        parts = (counted.of("mbm_total_bytes"), counted.of("mbm_local_bytes"), counted.remote)
        seen.append(tuple(part.get(3, 0) for part in parts))

    assert all(column == tuple(sorted(column)) for column in zip(*seen, strict=True))
