"""Histories: what a detector computes of them is what a plain computation of the same moments gives."""

from __future__ import annotations

import math
import statistics
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.model.history import History, Moment

numbers = st.floats(-1e9, 1e9)
moments = st.lists(st.tuples(st.integers(0, 10_000), numbers), unique_by=lambda pair: pair[0], max_size=40).map(sorted)


def counter(*values: float, every: float = 1.0) -> History:
    return History((at * every, value) for at, value in enumerate(values))


def test_a_history_is_its_moments_the_oldest_first() -> None:
    history = History([(1.0, 5), (2.5, 7)])

    assert list(history) == [Moment(1.0, 5.0), Moment(2.5, 7.0)]
    assert history[-1] == Moment(2.5, 7.0)
    assert history[1:] == History([(2.5, 7)])
    assert len(history) == 2
    assert repr(history) == "History of 2 moments in 1.5 s, the newest 7"


@given(moments, st.floats(0, 20_000))
def test_the_last_seconds_and_what_was_before_are_all_of_it(pairs: list[tuple[float, float]], seconds: float) -> None:
    history = History(pairs)

    last, before = history.last(seconds), history.before(seconds)

    assert [*before, *last] == [*history]
    assert all(history[-1].at - moment.at <= seconds for moment in last)
    assert not pairs or len(last) > 0


@given(moments)
def test_mean_deviation_and_quantiles_are_those_of_the_values(pairs: list[tuple[float, float]]) -> None:
    history = History(pairs)
    values = [value for _, value in pairs]

    if not values:
        assert (history.mean, history.deviation, history.quantile(0.5), history.newest) == (None,) * 4
        return
    assert history.mean == pytest.approx(statistics.fmean(values))
    assert history.quantile(0.5) == pytest.approx(statistics.median(values))
    assert (
        (history.quantile(0), history.quantile(1)) == (history.smallest, history.largest) == (min(values), max(values))
    )
    if len(values) > 1:
        assert history.deviation == pytest.approx(statistics.stdev(values), abs=1e-6)
    else:
        assert history.deviation is None


@given(moments, numbers, st.floats(0, 1))
def test_a_quantile_of_more_is_no_less(pairs: list[tuple[float, float]], more: float, part: float) -> None:
    history = History([*pairs, (10_001, more)])

    quantile, highest = history.quantile(part), history.quantile(1.0)

    assert quantile is not None
    assert highest is not None
    assert quantile <= highest + 1e-6


@pytest.mark.parametrize("part", [-0.1, 1.1, math.nan])
def test_a_quantile_beyond_all_values_is_refused(part: float) -> None:
    with pytest.raises(ValueError, match=r"0\.0 to 1\.0 expected"):
        counter(1).quantile(part)


def test_the_rates_of_a_counter_leave_out_where_it_fell() -> None:
    history = counter(10, 30, 5, 9, every=2.0)

    assert history.rates() == History([(2.0, 10.0), (6.0, 2.0)])
    assert history.growth == 24.0
    assert history.rate == 6.0


def test_a_gap_is_bridged_by_a_counter_that_did_not_fall() -> None:
    history = History([(0, 0), (1, 10), (11, 110)])

    assert history.rates() == History([(1, 10.0), (11, 10.0)])
    assert history.rate == 10.0


@pytest.mark.parametrize("history", [History(), counter(5), counter(5, 4)], ids=["none", "one", "fell"])
def test_what_is_not_known_is_none(history: History) -> None:
    assert history.rate is None
    assert history.rates() == History()
    assert history.rates().mean is None
    assert history.growth == 0.0


def test_cycles_per_instruction_are_the_growth_of_one_per_growth_of_the_other() -> None:
    cycles = counter(0, 200, 500, 10, 110, 210)
    instructions = counter(0, 100, 200, 5, 5, 55)

    assert cycles.per(instructions) == History([(1, 2.0), (2, 3.0), (5, 2.0)])


def test_a_ratio_is_of_the_moments_that_both_have() -> None:
    cycles, instructions = History([(0, 0), (1, 100), (3, 500)]), History([(0, 0), (2, 50), (3, 100)])

    assert cycles.per(instructions) == History([(3, 5.0)])


@given(moments)
def test_a_growing_counter_per_itself_is_one(pairs: list[tuple[float, float]]) -> None:
    history = History(pairs)

    assert {moment.value for moment in history.per(history)} <= {1.0}


@given(moments)
def test_the_growth_is_that_of_the_rates(pairs: list[tuple[float, float]]) -> None:
    history = History(pairs)
    seconds = {later: later - sooner for (sooner, _), (later, _) in pairwise(pairs)}

    growth = sum(moment.value * seconds[int(moment.at)] for moment in history.rates())

    assert history.growth == pytest.approx(growth, abs=1e-3)


def test_histories_are_compared_by_value_and_are_no_keys() -> None:
    assert counter(1, 2) == counter(1, 2)
    assert counter(1, 2) != counter(1, 3)
    assert counter(1) != [Moment(0.0, 1.0)]
    with pytest.raises(TypeError):
        hash(counter(1))


def test_a_history_without_moments_has_parts_too() -> None:
    nothing = History()

    assert nothing.last(5) == nothing.before(5) == nothing.until(3.0) == nothing
    assert (nothing.seconds, nothing.smallest, nothing.largest) == (0.0, None, None)


def test_the_last_seconds_are_those_before_the_end_and_not_before_what_was_last_measured() -> None:
    stale = History([(0, 0), (1, 10), (2, 20)], end=60.0)

    assert stale.last(30) == History()
    assert stale.last(30).rate is None
    assert stale.before(30) == stale
    assert (stale.newest, stale.rate, stale.last(59).newest) == (20, 10.0, 20)
    assert stale.rates().last(30) == stale.per(counter(0, 1, 2)).last(30) == History()


def test_a_part_ends_where_the_other_begins() -> None:
    history = counter(*range(11))

    before = history.before(4)

    assert (history.end, history.last(4).end, before.end) == (10.0, 10.0, 6.0)
    assert before.last(2) == History([(4, 4), (5, 5)])
    assert history.until(7).last(1) == History([(6, 6), (7, 7)])
    assert (history[:3].end, history[3:].end) == (2.0, 10.0)


def test_numbers_near_the_largest_there_are_raise_nothing() -> None:
    history = counter(0, 1.7e308, 1.7e308, every=1e-9)

    assert (history.mean, history.rates().mean) == (math.inf, math.inf)
    assert history.rate == math.inf


@given(st.lists(numbers, min_size=2, max_size=40).map(sorted))
def test_a_counter_that_never_fell_grew_from_the_first_to_the_last(values: list[float]) -> None:
    history = counter(*values, every=0.5)

    assert history.growth == pytest.approx(math.fsum(b - a for a, b in pairwise(values)), abs=1e-3)
    assert history.rate == history.growth / history.seconds
