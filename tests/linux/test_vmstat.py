"""`vmstat` and files whose words stay where they are."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.places import Places
from wca_core.linux.vmstat import parse_vmstat

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,12}", fullmatch=True)
FIELDS = st.dictionaries(NAMES, st.integers(0, 2**64), min_size=1)


def written(fields: dict[str, int]) -> bytes:
    return "".join(f"{name} {number}\n" for name, number in fields.items()).encode()


def values(text: bytes) -> dict[str, float]:
    return {key: number.value for key, number in parse_vmstat(text).items()}


@given(FIELDS)
def test_parsing_gives_back_what_was_written(fields: dict[str, int]) -> None:
    assert values(written(fields)) == fields


def test_lines_of_another_form_are_passed_over() -> None:
    assert values(b"\na 1\nb\nc 1 2\nd x\ne -1\nnuma_hint_faults_local 7\n") == {"a": 1, "numa_hint_faults_local": 7}


@given(st.binary())
def test_no_text_at_all_raises_anything_but_value_error(text: bytes) -> None:
    with suppress(ValueError):
        parse_vmstat(text)


@given(FIELDS, st.data())
def test_numbers_are_found_again_at_their_places(fields: dict[str, int], data: st.DataObject) -> None:
    text = written(fields)
    places = Places(text, [number.at for number in parse_vmstat(text).values() if number.at is not None])
    later = {name: data.draw(st.integers(0, 2**64)) for name in fields}

    assert places.numbers(written(later)) == list(later.values())


@given(FIELDS, FIELDS)
def test_places_of_one_text_serve_no_other(fields: dict[str, int], others: dict[str, int]) -> None:
    places = Places(written(fields), range(1, 2 * len(fields), 2))

    if list(fields) == list(others):
        assert places.numbers(written(others)) == list(others.values())
    else:
        with pytest.raises(ValueError, match="other words"):
            places.numbers(written(others))


def test_a_word_where_a_number_was_is_told() -> None:
    with pytest.raises(ValueError):
        Places(b"a 1\n", [1]).numbers(b"a b\n")


@given(st.binary(), st.binary())
def test_places_raise_nothing_but_value_error(text: bytes, other: bytes) -> None:
    places = Places(text, range(len(text.split())))

    with suppress(ValueError):
        places.numbers(other)
