"""Rates over time, and when requests are due."""

from __future__ import annotations

from itertools import islice, pairwise, takewhile
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wca_wrapper.load.arrivals import ARRIVALS, arrivals_named, even, poisson
from wca_wrapper.load.rates import Constant, Rate, Sine, Steps, parse_rate

from wca_core.errors import ConfigurationError

RATES = st.floats(0, 10_000)
POSITIVE = st.floats(1, 10_000)
SECONDS = st.floats(0.5, 100)
PATTERNS = st.one_of(
    st.builds(Constant, POSITIVE),
    st.builds(lambda low, more, period: Sine(low, low + more, period), RATES, POSITIVE, SECONDS),
    st.lists(st.tuples(RATES, SECONDS), max_size=4).flatmap(
        lambda steps: st.builds(lambda rate, length: Steps(((rate, length), *steps)), POSITIVE, SECONDS)
    ),
)


@given(PATTERNS, st.floats(0, 1e5))
def test_as_many_are_due_at_the_moment_of_a_number_as_it_says(rate: Rate, number: float) -> None:
    moment = rate.moment(number)

    assert rate.expected(moment) == pytest.approx(number, rel=1e-5, abs=0.02)  # a microsecond of the highest rate


@given(PATTERNS, st.floats(0, 1e4), st.floats(0, 1e3))
def test_a_later_number_is_never_due_earlier(rate: Rate, number: float, more: float) -> None:
    assert rate.moment(number) <= rate.moment(number + more) + 1e-6


@given(RATES, POSITIVE, SECONDS)
def test_a_wave_has_its_mean_over_whole_periods_and_more_in_the_first_half(
    low: float, more: float, period: float
) -> None:
    wave = Sine(low, low + more, period)

    assert wave.expected(3 * period) == pytest.approx((low + more / 2) * 3 * period)
    assert wave.expected(period / 2) > wave.expected(period) / 2


def test_steps_follow_one_another_and_begin_again() -> None:
    rate = parse_rate("step:10x2,0x1,30x1")

    counts = [rate.expected(second + 1) - rate.expected(second) for second in range(8)]

    assert counts == pytest.approx([10, 10, 0, 30] * 2)
    assert [rate.moment(number) for number in (20, 20.3, 50, 51)] == pytest.approx([2.0, 3.01, 4.0, 4.1])


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("1000", Constant(1000)),
        ("sine:500,1500,60", Sine(500, 1500, 60)),
        ("step:500x20,2000x10", Steps(((500, 20), (2000, 10)))),
    ],
)
def test_a_rate_is_written_so(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "-1",
        "nan",
        "inf",
        "1e9",
        "wave:1,2,3",
        "sine:2,1,60",
        "sine:1,2",
        "sine:0,0,9",
        "step:",
        "step:0x9",
        "step:9",
    ],
)
def test_what_is_no_rate_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(ConfigurationError, match="rate"):
        parse_rate(text)


@given(st.text() | st.text("0123456789.,:xsinetp-"))
def test_any_text_is_a_rate_or_refused(text: str) -> None:
    try:
        rate = parse_rate(text)
    except ConfigurationError:
        return
    assert rate.moment(1) > 0


@given(PATTERNS)
def test_evenly_means_that_every_whole_number_has_its_moment(rate: Rate) -> None:
    moments = list(islice(even(rate, Random(1)), 100))

    assert [rate.expected(moment) for moment in moments] == pytest.approx(range(1, 101), abs=0.02)


@given(st.integers(), PATTERNS)
def test_independent_clients_come_in_order_and_again_in_the_same_way(seed: int, rate: Rate) -> None:
    moments = list(islice(poisson(rate, Random(seed)), 50))

    assert all(earlier <= later + 1e-6 for earlier, later in pairwise(moments))
    assert moments == list(islice(poisson(rate, Random(seed)), 50))


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1000))
def test_independent_clients_come_as_often_as_the_rate_says_and_bunch(seed: int) -> None:
    """Of a Poisson process both mean and variance of the counts are the rate; 5 standard deviations are allowed."""
    rate = parse_rate("sine:0,200,10")

    moments = list(takewhile(lambda moment: moment < 100, poisson(rate, Random(seed))))
    gaps = [rate.expected(later) - rate.expected(earlier) for earlier, later in pairwise(moments)]

    assert abs(len(moments) - 10_000) < 500
    assert sum(gap > 1 for gap in gaps) / len(gaps) == pytest.approx(0.368, abs=0.03)


def test_arrivals_have_names() -> None:
    assert {arrivals_named(name) for name in ARRIVALS} == {even, poisson}
    with pytest.raises(ConfigurationError, match="even or poisson expected"):
        arrivals_named("bursts")
