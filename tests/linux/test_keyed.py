"""Lines of `key value`: a string in, numbers out."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.keyed import field_at, has_field, numbers_at, parse_keyed

NAMES = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)
FIELDS = st.dictionaries(NAMES, st.integers(-(2**64), 2**64), min_size=1)


def written(fields: dict[str, int]) -> bytes:
    return "".join(f"{name} {number}\n" for name, number in fields.items()).encode()


@given(FIELDS)
def test_parsing_gives_back_what_was_written(fields: dict[str, int]) -> None:
    assert parse_keyed(written(fields)) == fields


@given(FIELDS)
def test_every_field_is_found_by_its_name(fields: dict[str, int]) -> None:
    assert numbers_at(written(fields), [field_at(name) for name in fields]) == list(fields.values())


@given(st.binary())
def test_no_text_at_all_raises_anything_but_value_error(text: bytes) -> None:
    for parse in (parse_keyed, lambda text: numbers_at(text, [field_at("a")])):
        with suppress(ValueError):
            parse(text)


def test_a_field_is_not_found_within_a_longer_name() -> None:
    text = b"total_pgfault 7\nworkingset_file 9\n"

    assert not has_field(text, "pgfault")
    assert not has_field(text, "workingset")
    with pytest.raises(ValueError):
        numbers_at(text, [field_at("file")])


def test_the_last_line_needs_no_end() -> None:
    assert numbers_at(b"a 1\nb 2", [field_at("b"), field_at("a")]) == [2, 1]


def test_a_line_without_a_value_is_told_with_its_beginning() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        parse_keyed(b"a 1\nnonsense\n")


def test_numbers_larger_than_a_float_stay_exact() -> None:
    assert parse_keyed(b"usage 18446744073709551615\n") == {"usage": 2**64 - 1}
