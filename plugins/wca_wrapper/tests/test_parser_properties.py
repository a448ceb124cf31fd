"""What holds for every parser, whatever it is fed."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wca_wrapper.measurement import samples_of
from wca_wrapper.parsers import parser_names
from wca_wrapper.parsers.default import DEFAULT_REGEXP, plain_pairs

from plugins.wca_wrapper.tests.captured import fed, names, output, parser, parser_of

PIECES = [piece for name in names() for piece in re.split(rb"(\s+|\d+|[=:,()\[\]{}])", output(name)) if piece]
BYTES = st.binary(max_size=2000)
LIKE_OUTPUTS = st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=200).map(b"".join)
HUGE = st.sampled_from([b"1" * 400, b"-1e999", b"nan", b"inf", b"1e308", "٣".encode(), b"0x10", b"1_0"])


@pytest.mark.parametrize("name", parser_names())
@settings(max_examples=60, deadline=None)
@given(chunks=st.lists(BYTES | LIKE_OUTPUTS, max_size=3))
def test_any_bytes_raise_nothing_and_give_finite_numbers_only(name: str, chunks: list[bytes]) -> None:
    found = fed(parser(name), *chunks)

    assert all(type(one.value) is float and math.isfinite(one.value) for one in found)
    samples_of(found)


@pytest.mark.parametrize("name", names())
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_an_output_with_strange_numbers_or_cut_off_raises_nothing(name: str, data: st.DataObject) -> None:
    whole = output(name)
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    strange = data.draw(HUGE)
    numbers = re.sub(rb"\d+(\.\d+)?", lambda found: strange if len(found[0]) % 2 else found[0], cut)

    found = fed(parser(parser_of(name)), numbers)

    assert all(math.isfinite(one.value) for one in found)


@pytest.mark.parametrize("name", names())
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_an_output_says_the_same_wherever_the_pipe_cuts_it(name: str, data: st.DataObject) -> None:
    whole = output(name)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=20)))
    chunks = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]

    assert fed(parser(parser_of(name)), *chunks) == fed(parser(parser_of(name)), whole)


@given(st.text(alphabet="ab_1=.2 ,é", max_size=60))
def test_the_quick_way_finds_what_the_default_expression_finds(line: str) -> None:
    slow = [(found["name"], found["value"]) for found in re.finditer(DEFAULT_REGEXP, line)]

    assert list(plain_pairs(line)) == slow


def test_a_line_of_a_megabyte_takes_the_default_parser_no_longer_than_its_length() -> None:
    """With the expression itself this would be 10^12 steps: the test would not end."""
    line = "a" * (1 << 20)

    assert fed(parser("default"), line.encode(), b"\nx=1\n") == fed(parser("default"), b"x=1")
