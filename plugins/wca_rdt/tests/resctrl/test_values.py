"""What files below mon_data say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.resctrl.values import ERROR, UNASSIGNED, UNAVAILABLE, Reading, parse_reading


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        (b"0\n", 0),
        (b"18446744073709551615\n", 2**64 - 1),
        (b"1234.5\n", 1234.5),
        (b"Unavailable\n", UNAVAILABLE),
        (b"Unassigned\n", UNASSIGNED),
        (b"Error\n", ERROR),
        (b"-1\n", "-1"),
        (b"1_0\n", "1_0"),
        (b"\n", ""),
    ],
)
def test_a_reading_is_a_number_or_a_word(text: bytes, reading: Reading) -> None:
    assert parse_reading(text) == reading


@given(st.integers(min_value=0, max_value=2**64 - 1))
def test_every_count_is_kept_whole(count: int) -> None:
    assert parse_reading(b"%d\n" % count) == count


@given(st.binary(max_size=200))
def test_no_text_is_an_error(text: bytes) -> None:
    reading = parse_reading(text)

    assert isinstance(reading, int | float | str)
    assert isinstance(reading, str) or reading >= 0
