"""CPU shares as weights of cgroup v2, in the three ways that are in use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.builtin.cgroup_control.weights import WEIGHTS, Formula, explaining, shares_of, weight_of

SHARES = (2, 512, 1000, 1024, 2000, 4096, 10000, 262144)
DOCUMENTED: dict[Formula, tuple[int, ...]] = {
    "linear": (1, 20, 39, 39, 77, 157, 382, 10000),
    "quadratic": (1, 59, 99, 100, 170, 303, 627, 10000),
    "proportional": (1, 50, 97, 100, 195, 400, 976, 10000),
}


@pytest.mark.parametrize("formula", DOCUMENTED)
def test_the_weights_are_those_documented(formula: Formula) -> None:
    assert tuple(weight_of(shares, formula) for shares in SHARES) == DOCUMENTED[formula]


@given(st.sampled_from(list(WEIGHTS)), st.integers(2, 262144), st.integers(2, 262144))
def test_more_shares_never_weigh_less(formula: Formula, one: int, other: int) -> None:
    fewer, more = sorted((one, other))

    assert 1 <= weight_of(fewer, formula) <= weight_of(more, formula) <= 10000


@given(st.integers(2, 262144))
def test_shares_told_of_a_quadratic_weight_give_that_weight_again(shares: int) -> None:
    weight = weight_of(shares, "quadratic")

    told = shares_of(weight, "quadratic")

    assert weight_of(told, "quadratic") == weight
    assert told <= shares


@given(st.sampled_from(list(WEIGHTS)), st.integers(1, 10000))
def test_a_weight_told_as_shares_is_about_the_same_weight(formula: Formula, weight: int) -> None:
    again = weight_of(min(max(shares_of(weight, formula), 2), 262144), formula)

    assert abs(again - weight) <= max(2, weight // 50)


@pytest.mark.parametrize("formula", DOCUMENTED)
def test_pods_show_by_which_formula_they_were_weighed(formula: Formula) -> None:
    pairs = [(shares, weight_of(shares, formula)) for shares in (512, 2000, 4096, 10000)]

    assert explaining([*pairs, (1024, 7777)]) == formula  # one that somebody else set does not matter


def test_weights_that_fit_several_formulas_or_none_tell_nothing() -> None:
    assert explaining([(2, 1), (262144, 10000)]) is None
    assert explaining([(1024, 5), (2000, 6)]) is None
    assert explaining([]) is None
