"""From readings of all groups of a cgroup to totals: on all CPUs together, or on each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.perf.counting import ALL_CPUS, Counting, Member
from wca_rdt.perf.reading import Reading
from wca_rdt.perf.scaling import Accumulator

from plugins.wca_rdt.tests.perf.given import reading

STEPS = st.lists(
    st.tuples(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(0, 10**6), st.integers(0, 10**6)),
    min_size=1,
    max_size=6,
)
"""What one interval adds: enabled, running (at most enabled), and two counters."""


def counting_on(*cpus: int, events: int = 2, aggregates: bool = True) -> Counting:
    counting = Counting(events, aggregates=aggregates)
    counting.add([Member(cpu, tuple(range(events))) for cpu in cpus])
    return counting


def test_counters_of_all_cpus_are_added_up() -> None:
    counting = counting_on(0, 1)

    counting.take([reading(10, 10, 100, 7), reading(30, 30, 200, 8)])

    assert counting.counted[ALL_CPUS].totals == [300, 15]
    assert (counting.counted[ALL_CPUS].average, counting.counted[ALL_CPUS].maximum) == (1.0, 1.0)


def test_each_cpu_is_told_by_itself_if_that_is_wanted() -> None:
    counting = counting_on(0, 3, aggregates=False)

    counting.take([reading(10, 10, 100, 7), reading(40, 20, 200, 8)])

    assert counting.counted[0].totals == [100, 7]
    assert counting.counted[3].totals == [400, 16]
    assert (counting.counted[0].average, counting.counted[3].maximum) == (1.0, 2.0)


def test_factors_are_those_of_groups_that_ran_in_the_interval() -> None:
    counting = counting_on(0, 1, 2)

    counting.take([reading(30, 10, 1, 1), reading(10, 10, 1, 1), reading(0, 0, 0, 0)])

    assert (counting.counted[ALL_CPUS].average, counting.counted[ALL_CPUS].maximum) == (2.0, 3.0)


def test_a_factor_ends_with_its_interval() -> None:
    counting = counting_on(0)
    texts = [reading(30, 10, 1, 1)]
    counting.take(texts)

    counting.take(texts)

    assert counting.counted[ALL_CPUS].maximum == 1.0
    assert counting.is_steady


def test_what_was_counted_before_groups_took_turns_is_not_scaled() -> None:
    counting = counting_on(0, 1)
    counting.take([reading(100, 100, 1000, 10), reading(50, 50, 500, 5)])

    counting.take([reading(300, 200, 2000, 20), reading(50, 50, 500, 5)])

    assert counting.counted[ALL_CPUS].totals == [1000 + 2000 + 500, 10 + 20 + 5]
    assert counting.counted[ALL_CPUS].average == 2.0


def test_a_counter_that_falls_adds_nothing_and_goes_on_from_there() -> None:
    """As a virtual machine's may that was moved to another host."""
    counting = counting_on(0, 1)
    counting.take([reading(10, 10, 100, 7), reading(10, 10, 200, 8)])

    totals = []
    for first, second in ((50, 8), (60, 9)):
        counting.take([reading(20, 20, first, second), reading(10, 10, 200, 8)])
        totals.append(list(counting.counted[ALL_CPUS].totals))

    assert totals == [[300, 16], [300, 16]]
    counting.take([reading(30, 30, 65, 9), reading(10, 10, 200, 8)])
    assert counting.counted[ALL_CPUS].totals == [305, 16]


def test_a_lost_interval_adds_nothing_and_is_an_error() -> None:
    counting = counting_on(0)
    counting.take([reading(100, 100, 1000, 10)])

    counting.take([reading(200, 100, 1000, 10)])

    assert (counting.counted[ALL_CPUS].totals, counting.errors) == ([1000, 10], 1)


@pytest.mark.parametrize("text", [b"", reading(5, 5, 1), bytes(56)], ids=["nothing", "fewer", "zeros"])
def test_a_group_that_broke_costs_only_its_own_counts(text: bytes) -> None:
    counting = counting_on(0, 1)
    counting.take([reading(10, 10, 100, 7), reading(10, 10, 200, 8)])

    counting.take([reading(20, 20, 110, 8), text])

    assert counting.counted[ALL_CPUS].totals == [310, 16]
    assert (counting.broken, counting.errors) == ([1], 1)


def test_what_a_removed_group_counted_stays() -> None:
    counting = counting_on(0, 1)
    counting.take([reading(10, 10, 100, 7), reading(10, 10, 200, 8)])

    counting.remove(1)
    counting.take([reading(20, 20, 150, 9)])

    assert counting.counted[ALL_CPUS].totals == [350, 17]


def test_a_cpu_that_comes_back_goes_on_where_it_was() -> None:
    counting = counting_on(0, 1, aggregates=False)
    counting.take([reading(10, 10, 100, 7), reading(10, 10, 200, 8)])
    counting.remove(1)
    counting.take([reading(10, 10, 100, 7)])
    away = dict(counting.counted)

    counting.add([Member(1, (0, 1))])
    counting.take([reading(10, 10, 100, 7), reading(1, 1, 5, 5)])

    assert list(away) == [0], "the series of a CPU that is offline ends"
    assert counting.counted[1].totals == [205, 13]


def test_groups_of_some_of_the_events_are_put_together() -> None:
    counting = Counting(3, aggregates=True)
    counting.add([Member(0, (0, 2)), Member(0, (1,))])

    counting.take([reading(20, 10, 5, 6), reading(10, 10, 7)])

    assert counting.counted[ALL_CPUS].totals == [10, 7, 12]


@given(STEPS, st.booleans())
def test_all_ways_of_adding_up_agree(steps: list[tuple[int, int, int, int]], with_turns: bool) -> None:
    counting, one_by_one = counting_on(0, 1), [Accumulator(2), Accumulator(2)]
    enabled = running = first = second = 0

    for more_enabled, more_running, more_first, more_second in steps:
        enabled += more_enabled
        running += min(more_running, more_enabled) if with_turns else more_enabled
        first, second = first + more_first, second + more_second
        counting.take([reading(enabled, running, first, second), reading(enabled, enabled, second, first)])
        one_by_one[0].take(Reading(enabled, running, (first, second)))
        one_by_one[1].take(Reading(enabled, enabled, (second, first)))

    totals = [sum(pair) for pair in zip(*(one.totals for one in one_by_one), strict=True)]
    assert counting.counted[ALL_CPUS].totals == totals


@given(st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=2))
def test_a_counter_beyond_all_bounds_does_not_spoil_its_neighbours(values: list[int]) -> None:
    counting = counting_on(0, 1)

    counting.take([reading(10, 10, values[0], 3), reading(10, 10, values[1], 4)])

    assert counting.counted[ALL_CPUS].totals[1] == 7
