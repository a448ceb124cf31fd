"""The lines of `schemata` as values and back."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.resctrl.control.schemata import ORDER, allocation_of, is_cache, parse_schemata, written

from wca_core.errors import ContractError, WcaError

AMOUNTS = st.dictionaries(st.integers(0, 99), st.integers(0, 2**32 - 1), min_size=1, max_size=5)


def test_masks_are_hexadecimal_and_bandwidths_decimal_with_blanks_before_them() -> None:
    found = parse_schemata("    MB:0=  10;1= 100\n    L3:0=00ff;1=7ff\n\n")

    assert found == {"MB": {0: 10, 1: 100}, "L3": {0: 0xFF, 1: 0x7FF}}


def test_a_group_is_told_in_the_lines_of_the_kernel() -> None:
    value = allocation_of("be", "    MB:0= 40;1=100\n    L3:0=600;1=7ff\n")

    assert (value.name, value.l3, value.mb) == ("be", "L3:0=600;1=7ff", "MB:0= 40;1=100")
    assert value.l3_code is value.l3_data is value.l2 is value.smba is None


@pytest.mark.parametrize(
    ("code", "data", "told"),
    [("600", "0600", ("L3:0=600", None, None)), ("600", "700", (None, "L3CODE:0=600", "L3DATA:0=700"))],
)
def test_code_and_data_are_told_as_one_if_they_are_equal(code: str, data: str, told: tuple[str | None, ...]) -> None:
    value = allocation_of("be", f"L3DATA:0={data}\nL3CODE:0={code}\n")

    assert (value.l3, value.l3_code, value.l3_data) == told


def test_a_line_of_something_else_is_an_error_that_shows_it() -> None:
    with pytest.raises(ContractError, match="'L3:0=x'"):
        parse_schemata("L3:0=x\n")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(WcaError):
        parse_schemata(text)


@given(st.sampled_from(ORDER), AMOUNTS)
def test_what_is_written_is_read_again(name: str, amounts: dict[int, int]) -> None:
    line = written(name, amounts)

    assert parse_schemata(f"  {line}\n") == {name: amounts}
    assert is_cache(name) == name.startswith("L")
