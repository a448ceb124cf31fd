from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_record.listing import Edit, edit

from wca_core.errors import ContractError

lists = st.lists(st.integers(0, 12), unique=True)


@given(lists, lists)
def test_an_edit_makes_one_list_of_the_other(old, new):
    assert edit(old, new).applied(old) == new


@given(lists)
def test_the_same_list_needs_no_edit(numbers):
    assert not edit(numbers, numbers)


def test_one_that_moves_is_one_that_is_put_elsewhere():
    old = list(range(1000))

    assert edit(old, [*old[1:], 0]) == Edit((0,), ((999, (0,)),))


def test_a_large_list_in_another_order_is_edited_in_time():
    old = list(range(100_000))
    new = [*old[50_000:], *old[:50_000:2], *range(200_000, 200_100)]

    assert edit(old, new).applied(old) == new


def test_a_place_beyond_the_end_is_refused():
    with pytest.raises(ContractError, match="a list of 5 members expected, found 2"):
        Edit((), ((5, (1,)),)).applied([1, 2])
