"""What another machine sent is taken as what it should be, or as nothing."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.config.field_types import LABEL_NAME
from wca_core.net.untrusted import is_identifier, items, label_name, mapping, number, shown, text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=3), part, max_size=3),
    max_leaves=5,
)


@given(JSON)
def test_a_value_of_another_type_is_empty(value: object) -> None:
    assert mapping(value) == (value if isinstance(value, dict) else {})
    assert items(value) == (value if isinstance(value, list) else ())
    assert isinstance(text(value), str)
    text(value).encode()
    assert number(value) is None or math.isfinite(number(value) or 0)


def test_half_a_character_is_a_question_mark_and_long_texts_are_shown_cut() -> None:
    assert text("a\ud800b") == "a?b"
    assert shown("x" * 1000) == "x" * 256


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        (1, 1.0),
        (0.5, 0.5),
        (True, None),
        ("1", None),
        (None, None),
        (math.nan, None),
        (math.inf, None),
        (10**400, None),
    ],
)
def test_only_finite_numbers_are_numbers(value: object, taken: float | None) -> None:
    assert number(value) == taken


@pytest.mark.parametrize("value", ["a", "8cf8ef7f-f749-4ffb-a576-4105fb29ca0e", "a.b_c:d", "...", "x" * 256])
def test_an_identifier_may_be_part_of_a_path(value: str) -> None:
    assert is_identifier(value)


@pytest.mark.parametrize("value", ["", ".", "..", "a/b", "../x", "a\n", "a\0", "ä", "a b", "x" * 257])
def test_what_could_lead_elsewhere_is_none(value: str) -> None:
    assert not is_identifier(value)


@pytest.mark.parametrize(
    ("key", "name"), [("a.b-c", "a_b_c"), ("1a", "_1a"), ("__a", "_a"), ("ä", "_"), ("", ""), ("a/b", "a_b")]
)
def test_keys_become_names_of_labels(key: str, name: str) -> None:
    assert label_name(key) == name


@given(st.text(min_size=1, max_size=30))
def test_any_key_becomes_the_name_of_a_label(key: str) -> None:
    assert LABEL_NAME.fullmatch(label_name(key))
