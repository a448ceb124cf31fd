"""The default parser: its expression, blocks, and expressions of users."""

from __future__ import annotations

import pytest
from wca_wrapper.parsers.default import DefaultParser

from plugins.wca_wrapper.tests.captured import fed, values
from wca_core.errors import ConfigurationError


def test_the_default_expression_takes_whole_numbers_with_their_decimals() -> None:
    assert values(fed(DefaultParser(), b"x=4.5,y=6 z=7\n")) == {"x": 4.5, "y": 6, "z": 7}


def test_every_line_is_an_update_without_a_separator() -> None:
    parser = DefaultParser(metric_name_prefix="app_", labels={"a": "b"})

    updates = [parser.feed(line) for line in ("x=1 y=2", "nothing", "x=3")]

    assert [[(one.name, one.value, one.labels) for one in update] for update in updates] == [
        [("app_x", 1, {"a": "b"}), ("app_y", 2, {"a": "b"})],
        [],
        [("app_x", 3, {"a": "b"})],
    ]


def test_a_separator_ends_a_block_and_is_not_parsed_itself() -> None:
    parser = DefaultParser(separator="---")

    updates = [values(parser.feed(line)) for line in ("x=1", "y=2", "--- z=3", "x=4")]

    assert updates == [{}, {}, {"x": 1, "y": 2}, {}]
    assert values(parser.end()) == {"x": 4}
    assert parser.end() == []


def test_of_a_name_that_stands_twice_the_last_value_counts() -> None:
    assert [one.value for one in DefaultParser().feed("x=1 x=2")] == [2]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("80ms", 80),
        (" 12.5 ", 12.5),
        ("1e3", 1000),
        ("-4", -4),
        (".5x", 0.5),
        ("NaN", None),
        ("inf", None),
        ("x", None),
        ("", None),
    ],
)
def test_of_the_value_of_an_expression_the_longest_number_at_its_begin_counts(text: str, value: float | None) -> None:
    parser = DefaultParser(r"(?P<name>[a-z]+):(?P<value>[^;]*);")

    assert [one.value for one in parser.feed(f"latency:{text};")] == ([] if value is None else [value])


def test_a_group_that_took_no_part_in_a_match_is_skipped() -> None:
    parser = DefaultParser(r"(?P<name>x)=|(?P<value>\d+)")

    assert parser.feed("x=5") == []


@pytest.mark.parametrize(
    ("regexp", "separator", "message"),
    [
        ("(", None, r"regexp '\(': a regular expression expected"),
        ("a+", None, "named groups expected"),
        ("(?P<name>a)", None, "named groups expected"),
        (None, "*", r"separator '\*': a regular expression expected"),
    ],
)
def test_an_expression_that_cannot_work_is_refused(regexp: str | None, separator: str | None, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        DefaultParser(regexp, separator)


def test_a_block_that_never_ends_is_reported_before_it_fills_the_memory() -> None:
    parser = DefaultParser(separator="never")

    counts = [len(parser.feed(f"a{number}=1")) for number in range(10_001)]

    assert set(counts[:-1]) == {0}
    assert counts[-1] == 10_001
