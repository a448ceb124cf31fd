"""`/proc/zoneinfo`: a string in, numbers by node, zone and key out."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.places import Places
from wca_core.linux.zoneinfo import KEY_AND_NUMBER, Place, parse_zoneinfo

DEFAULT = re.compile(KEY_AND_NUMBER)
TWO_NODES = b"""\
Node 0, zone      DMA
  pages free     0
        boost    0
        protection: (0, 0, 0)
Node 0, zone    DMA32
  per-node stats
      nr_inactive_anon 1913
      nr_active_anon 386
  pages free     3840
        min      10
        protection: (0, 2866, 2866)
      nr_free_pages 3840
  pagesets
    cpu: 0
              count:    57
  node_unreclaimable:  0
  start_pfn:           1
Node 1, zone   Normal
  per-node stats
      nr_inactive_anon 5
  pages free     7
        high     9
"""


def values(text: bytes, expression: str = KEY_AND_NUMBER) -> dict[Place, float]:
    return {place: number.value for place, number in parse_zoneinfo(text, re.compile(expression)).items()}


def test_numbers_are_those_of_the_zone_or_node_they_stand_below() -> None:
    assert values(TWO_NODES) == {
        ("0", "DMA", "free"): 0,
        ("0", "DMA", "boost"): 0,
        ("0", "per-node-stats", "nr_inactive_anon"): 1913,
        ("0", "per-node-stats", "nr_active_anon"): 386,
        ("0", "DMA32", "free"): 3840,
        ("0", "DMA32", "min"): 10,
        ("0", "DMA32", "nr_free_pages"): 3840,
        ("1", "per-node-stats", "nr_inactive_anon"): 5,
        ("1", "Normal", "free"): 7,
        ("1", "Normal", "high"): 9,
    }


def test_an_expression_matches_from_the_beginning_of_a_line() -> None:
    assert values(TWO_NODES, r"\s+(count):\s+(\d+)") == {("0", "DMA32", "count"): 57}
    assert values(TWO_NODES, r"(count):\s+(\d+)") == {}


def test_numbers_may_have_a_fraction() -> None:
    assert values(b"Node 0, zone DMA\n a 1.5\n", r"\s+(\w+)\s+(.*)") == {("0", "DMA", "a"): 1.5}


def test_what_is_no_number_is_told_and_passed_over() -> None:
    told: list[str] = []

    found = parse_zoneinfo(b"Node 0, zone DMA\n a x\n b 2\n", re.compile(r"\s+(\w+)\s+(\w+)"), told.append)

    assert [*found] == [("0", "DMA", "b")]
    assert told == ["a x"]


@pytest.mark.parametrize("expression", [r"\s+(a)|\s+(\d)", r"\s+(b)?.*\s+(\d+)"])
def test_groups_that_match_nothing_are_passed_over(expression: str) -> None:
    assert values(b"Node 0, zone DMA\n a 1\n", expression) == {}


def test_lines_before_the_first_node_are_passed_over() -> None:
    assert values(b" a 1\n  per-node stats\n b 2\n") == {}


def test_numbers_are_found_again_at_their_places() -> None:
    numbers = parse_zoneinfo(TWO_NODES, DEFAULT)
    places = Places(TWO_NODES, [number.at for number in numbers.values() if number.at is not None])
    later = TWO_NODES.replace(b"3840", b"12").replace(b" 57", b" 8").replace(b"1913", b"2000")

    assert places.numbers(TWO_NODES) == [number.value for number in numbers.values()]
    assert places.numbers(later) == [*values(later).values()]


@pytest.mark.parametrize("expression", [r"\s+([a-z_]+)\s+([1-9]\d*)", r"\s+([a-z_]+)\s+\d*(\d)"])
def test_where_the_number_decides_whether_a_line_matches_it_is_matched_anew(expression: str) -> None:
    assert {number.at for number in parse_zoneinfo(TWO_NODES, re.compile(expression)).values()} == {None}


LINES = st.sampled_from([*TWO_NODES.decode().splitlines(), "a\x0b1", "Node", " pages", " pages\u2028free 2"])


@given(st.lists(LINES).map(lambda lines: "\n".join(lines).encode()) | st.binary())
def test_no_text_at_all_raises_anything(text: bytes) -> None:
    parse_zoneinfo(text, DEFAULT)
