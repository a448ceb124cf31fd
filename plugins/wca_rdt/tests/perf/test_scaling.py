"""What a counter would have counted all the time, and that it never falls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.perf.reading import Reading
from wca_rdt.perf.scaling import Accumulator, factor, scaled

TIMES = st.integers(0, 10**12)
INTERVALS = st.lists(st.tuples(st.integers(0, 2**40), TIMES, TIMES), max_size=12)


@pytest.mark.parametrize(
    ("raw", "enabled", "running", "value", "by"),
    [
        (300, 200, 100, 600, 2.0),
        (0, 0, 0, 0, 0.0),
        (200, 100, 0, 0, 0.0),
        (300, 200, 200, 300, 1.0),
        (0x44BF1B286, 0x129FFEFB2, 0x95081307, 36900158682, 1.99957506),
        (7, 0, 5, 0, 0.0),
    ],
)
def test_an_interval_is_extrapolated(raw: int, enabled: int, running: int, value: int, by: float) -> None:
    assert scaled(raw, enabled, running) == pytest.approx(value, abs=1)
    assert factor(enabled, running) == pytest.approx(by, abs=1e-8)


@given(st.integers(0, 2**63), st.integers(1, 10**15), st.integers(1, 10**15))
def test_no_bit_is_lost_in_a_float(raw: int, enabled: int, running: int) -> None:
    exact = raw * enabled

    assert abs(scaled(raw, enabled, running) * running - exact) <= running // 2 + 1


def test_a_total_grows_by_intervals_and_not_by_lifetimes() -> None:
    accumulator = Accumulator(1)

    accumulator.take(Reading(100, 100, (1000,)))
    accumulator.take(Reading(200, 150, (1500,)))

    assert accumulator.totals == [2000], "1000 in the first interval and 500 in half of the second"
    assert accumulator.factor == 2.0


def test_an_interval_in_which_a_group_never_ran_is_lost() -> None:
    accumulator = Accumulator(2)
    accumulator.take(Reading(100, 100, (5, 6)))

    accumulator.take(Reading(200, 100, (5, 6)))

    assert (accumulator.totals, accumulator.is_lost, accumulator.factor) == ([5, 6], True, 0.0)


def test_a_cgroup_that_rests_has_no_factor_and_loses_nothing() -> None:
    accumulator = Accumulator(1)
    accumulator.take(Reading(100, 100, (5,)))

    accumulator.take(Reading(100, 100, (5,)))

    assert (accumulator.totals, accumulator.is_lost, accumulator.factor) == ([5], False, 0.0)


@given(INTERVALS)
def test_a_total_never_falls(intervals: list[tuple[int, int, int]]) -> None:
    accumulator = Accumulator(1)
    totals = [0]

    for value, enabled, running in intervals:
        accumulator.take(Reading(enabled, running, (value,)))
        totals += accumulator.totals

    assert totals == sorted(totals)
