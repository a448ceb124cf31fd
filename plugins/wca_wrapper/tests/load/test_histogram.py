"""Percentiles: never far from those of the sorted list."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from wca_wrapper.load.histogram import Histogram, bucket, middle

LATENCIES = st.integers(0, 10**12)


def exact(values: list[int], percent: float) -> int:
    """Nearest rank."""
    return sorted(values)[max(1, math.ceil(len(values) * percent / 100)) - 1]


@given(st.lists(LATENCIES, min_size=1), st.sampled_from([0, 1, 50, 95, 99, 99.9, 100]))
def test_a_percentile_is_less_than_one_percent_off(values: list[int], percent: float) -> None:
    told = Histogram(values).percentile(percent)

    assert told is not None
    assert abs(told - exact(values, percent)) <= 0.008 * exact(values, percent)


@given(LATENCIES, LATENCIES)
def test_buckets_are_in_the_order_of_their_values(one: int, other: int) -> None:
    assert (bucket(one) <= bucket(other)) == (one <= other) or bucket(one) == bucket(other)
    assert bucket(int(middle(bucket(one)))) == bucket(one)


@given(st.lists(LATENCIES), st.lists(LATENCIES))
def test_two_put_together_are_as_one(some: list[int], others: list[int]) -> None:
    together = Histogram(some)
    together.update(Histogram(others))

    at_once = Histogram(some + others)
    assert (together.count, together.largest) == (at_once.count, at_once.largest)
    assert [together.percentile(p) for p in (1, 50, 99)] == [at_once.percentile(p) for p in (1, 50, 99)]


def test_nothing_has_no_percentile() -> None:
    assert Histogram().percentile(99) is None


def test_the_largest_is_told_as_it_was() -> None:
    assert Histogram([1_000_003]).percentile(100) <= 1_000_003  # type: ignore[operator]


def test_a_clock_that_went_back_counts_as_nothing() -> None:
    assert Histogram([-5]).percentile(50) == 0
