"""Parsers of the old style: functions that read lines themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from wca_wrapper import Measurement
from wca_wrapper.parsers.function_style import FunctionParser, LineSource, Parse, readline_with_check

from plugins.wca_wrapper.tests.captured import values


@dataclass
class OldMetric:
    """As metrics of the original look."""

    name: str
    value: object
    labels: dict[str, str] = field(default_factory=dict)
    type: str | None = None
    help: str | None = None


def of_one_line(
    input: LineSource, regexp: str, separator: str, labels: dict[str, str], metric_name_prefix: str
) -> list[OldMetric]:
    line = readline_with_check(input, EOF_line="the end")
    labels["leaked"] = "yes"
    return [
        OldMetric(metric_name_prefix + name, value, labels, "counter")
        for name, value in re.findall(r"(\w)=(\S+)", line)
    ]


def of_two_lines(input: LineSource, **_: object) -> Iterable[Measurement]:
    first, second = readline_with_check(input), readline_with_check(input)
    yield Measurement("sum", float(first) + float(second))


def made(parse: Parse, labels: dict[str, str] | None = None) -> FunctionParser:
    return FunctionParser(parse, regexp="", separator="", labels=labels or {}, metric_name_prefix="p_")


def test_a_function_is_called_for_line_after_line() -> None:
    labels: dict[str, str] = {}
    parser = made(of_one_line, labels)

    updates = [values(parser.feed(line)) for line in ("a=1", "nothing", "b=2 c=3")]

    assert updates == [{"p_a{leaked=yes}": 1}, {}, {"p_b{leaked=yes}": 2, "p_c{leaked=yes}": 3}]
    assert labels == {}
    assert parser.end() == []


def test_a_function_may_read_several_lines_and_be_a_generator() -> None:
    parser = made(of_two_lines)

    updates = [values(parser.feed(line)) for line in ("1", "2", "3", "4")]

    assert updates == [{}, {"sum": 3}, {}, {"sum": 7}]


def test_the_end_marker_of_a_function_ends_the_parsing() -> None:
    parser = made(of_one_line)

    parser.feed("the end")

    assert parser.feed("a=1") == []
    assert parser.end() == []
    assert parser.has_ended


@pytest.mark.parametrize("line", ["a=x", "b=1..2"])
def test_a_function_that_raises_costs_the_lines_it_had_read(line: str) -> None:
    parser = made(of_one_line)

    parser.feed(line)

    assert parser.unreadable_lines == 1
    assert values(parser.feed("a=1")) == {"p_a{leaked=yes}": 1}


def test_a_function_that_reads_nothing_is_not_called_for_ever() -> None:
    parser = made(lambda *_, **__: [Measurement("once", 1.0)])

    assert [*parser.feed("x"), *parser.end()] == [Measurement("once", 1.0)]
    assert parser.has_ended


def test_a_function_that_takes_the_end_for_a_line_is_ended_all_the_same() -> None:
    def parse(input: LineSource, **_: object) -> list[Measurement]:
        return [Measurement("length", float(len(input.readline())))]

    parser = made(parse)

    assert values(parser.feed("abc")) == {"length": 4}
    assert values(parser.end()) == {"length": 0}
