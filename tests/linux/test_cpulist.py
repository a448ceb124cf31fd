"""Lists of CPUs and nodes: a string in, numbers out."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.cpulist import HIGHEST, format_cpulist, parse_cpulist

NUMBERS = st.sets(st.integers(0, HIGHEST - 1), max_size=50)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,2,3-4,10-11", {1, 2, 3, 4, 10, 11}),
        ("5,1- 2", {1, 2, 5}),
        ("\n", set()),
        ("", set()),
        ("0-3\n", {0, 1, 2, 3}),
        ("0-9:2/5", {0, 1, 5, 6}),
        ("3-8:1/2,0", {0, 3, 5, 7}),
        ("0-7:4/4", set(range(8))),
        ("007", {7}),
    ],
)
def test_a_list_gives_its_numbers(text: str, numbers: set[int]) -> None:
    assert parse_cpulist(text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        *("1,,2", ",1", "1,", "4-2", "1-2-3", "-1", "1-", "a", "0x1", "1_0", "+1", "1;2", "1 2", "all"),
        *("1-4:2", "1-4:2/0", "1-4:3/2", "2:1/2", "1-4:0x1/2", "0-99999999999", str(HIGHEST), "9" * 5000),
        "\N{ARABIC-INDIC DIGIT THREE}",
    ],
)
def test_a_text_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_cpulist(text)


def test_what_is_wrong_is_told_shortly() -> None:
    with pytest.raises(ValueError, match=r"'4-2' is no range of numbers below 65536"):
        parse_cpulist("1,4-2")


@given(NUMBERS)
def test_what_was_written_is_read_back(numbers: set[int]) -> None:
    assert parse_cpulist(format_cpulist(numbers)) == numbers


@given(NUMBERS)
def test_ranges_mean_the_same_as_single_numbers(numbers: set[int]) -> None:
    assert parse_cpulist(with_ranges(numbers)) == numbers


@given(st.text() | st.text(alphabet="0123456789-,:/ \n"))
def test_no_text_at_all_raises_anything_but_value_error(text: str) -> None:
    with suppress(ValueError):
        assert all(0 <= number < HIGHEST for number in parse_cpulist(text))


def test_the_output_is_sorted_and_has_no_ranges() -> None:
    assert format_cpulist({2, 1}) == "1,2"
    assert format_cpulist(range(10, 13)) == "10,11,12"
    assert format_cpulist([]) == ""


def with_ranges(numbers: set[int]) -> str:
    """As the kernel writes it."""
    starts = sorted(number for number in numbers if number - 1 not in numbers)
    ends = sorted(number for number in numbers if number + 1 not in numbers)
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True)) + "\n"
