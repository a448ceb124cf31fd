"""Numbers, names and lines for terminals: short, within their width, and without anything a terminal obeys."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wca_core
from wca_core.overview import Event, Overview, TaskRow
from wca_core.overview.cells import cut, padded, shortened, width_of
from wca_core.overview.columns import COLUMNS, in_order, with_data
from wca_core.overview.text import amount, bar, duration, number, percent, printable, sparkline, summary
from wca_core.overview.view import lines

SIZES = st.none() | st.floats(0, 1e30)
ROWS = st.builds(
    TaskRow, task_id=st.text(), name=st.text(max_size=200), cpus=SIZES, memory_bytes=SIZES, throttled_share=SIZES
)
EVENTS = st.builds(Event, time=st.floats(-1e30, 1e30), kind=st.just("anomaly"), text=st.text(), task_id=st.text())
OVERVIEWS = st.builds(
    Overview,
    time=st.floats(-1e30, 1e30),
    host=st.text(),
    cpus=st.none() | st.integers(0, 10**6),
    cpus_used=SIZES,
    memory_bytes=SIZES,
    memory_used_bytes=SIZES,
    io_pressure=SIZES,
    step_seconds=SIZES,
    tasks=st.lists(ROWS, max_size=5).map(tuple),
    events=st.lists(EVENTS, max_size=3).map(tuple),
)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        *((None, "-"), (0, "0B"), (999, "999B"), (1000, "1.0K"), (1536, "1.5K"), (99.96 * 1024, "100K")),
        *((1023 * 1024, "1.0M"), (24.1 * 2**30, "24.1G"), (2.0**63, "8.0E"), (-2048, "-2.0K")),
    ],
)
def test_amounts_have_four_characters_or_five(size: float | None, text: str) -> None:
    assert amount(size) == text


@pytest.mark.parametrize(("value", "text"), [(None, "-"), (0, "0.00"), (9.994, "9.99"), (9.996, "10.0"), (128, "128")])
def test_numbers_lose_decimals_as_they_grow(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(("value", "text"), [(None, "-"), (0, "0"), (0.01, "0"), (0.1, "0.1"), (99.96, "100")])
def test_percents(value: float | None, text: str) -> None:
    assert percent(value) == text


@pytest.mark.parametrize(("value", "text"), [(None, "-"), (0.0021, "2.1 ms"), (0.012, "12 ms"), (1.26, "1.3 s")])
def test_durations(value: float | None, text: str) -> None:
    assert duration(value) == text


def test_a_bar_is_as_long_as_it_is_told_whatever_the_share() -> None:
    assert [bar(part, whole, 4) for part, whole in ((1, 2), (9, 2), (-1, 2), (1, 0), (None, 2))] == [
        *("||··", "||||", "····", "····", "····")
    ]


def test_a_sparkline_shows_the_last_values_from_zero_to_the_largest() -> None:
    assert sparkline([9, 0, 2, None, 4], 5, 4.0) == "█▁▄ █"
    assert sparkline([1, 2], 4) == "  ▄█"
    assert sparkline([9, 0, 0], 2) == "▁▁"
    assert sparkline([1], 0) == ""


@given(st.text(), st.integers(0, 50))
def test_a_shortened_text_keeps_its_ends(text: str, width: int) -> None:
    short = shortened(text, width)

    assert width_of(short) <= width
    assert width_of(text) > width or short == text


def test_characters_of_east_asia_take_two_cells_and_marks_none() -> None:
    assert [width_of(one) for one in ("abc", "日本", "e\u0301", "ﾊ", "")] == [3, 4, 1, 1, 0]
    assert [cut("日本語", cells) for cells in range(5)] == ["", "", "日", "日", "日本"]
    assert padded("日本", 6) == "日本  "
    assert shortened("日本語の長い名前", 7) == "日…前"


@given(st.text())
def test_what_is_printed_has_nothing_that_a_terminal_obeys(text: str) -> None:
    assert printable(text).isprintable()


@given(OVERVIEWS, st.integers(1, 300), st.integers(1, 40))
def test_any_overview_fits_into_any_terminal(overview: Overview, width: int, height: int) -> None:
    view = lines(overview, width, height)

    assert len(view) <= height
    assert all(width_of(line) <= width and line.isprintable() for line in view)


@given(OVERVIEWS)
def test_any_overview_is_one_line_of_summary(overview: Overview) -> None:
    assert summary(overview).isprintable()


def test_the_summary_tells_who_uses_most() -> None:
    tasks = tuple(
        TaskRow(task_id=name, name=name, cpus=cpus) for name, cpus in (("a", 0.1), ("b", 2), ("c", 1), ("d", 0))
    )

    text = summary(Overview(time=0.0, cpus=4, cpus_used=3.2, cpu_pressure=12.34, tasks=tasks))

    assert text.endswith("4 tasks  CPU 3.20 of 4  memory - of -  pressure cpu 12.3%  most CPU b 2.00, c 1.00, a 0.10")


def test_tasks_that_find_no_room_are_counted() -> None:
    tasks = tuple(TaskRow(task_id=str(one), name=f"task-{one}", cpus=float(one)) for one in range(9))

    view = lines(Overview(time=0.0, tasks=tasks), 80, 8)

    assert [line.split()[0] for line in view[3:]] == ["TASK", "task-8", "task-7", "task-6", "and"]
    assert view[-1] == "and 6 more"


def test_tasks_without_a_value_come_last_in_either_order() -> None:
    rows = [TaskRow(task_id=name, name=name, cpus=cpus) for name, cpus in (("a", None), ("b", 1.0), ("c", 2.0))]

    assert [row.name for row in in_order(rows, COLUMNS[0])] == ["c", "b", "a"]
    assert [row.name for row in in_order(rows, COLUMNS[0], ascending=True)] == ["b", "c", "a"]
    assert [row.name for row in in_order(rows, None, ascending=True)] == ["c", "b", "a"]


def test_a_column_without_data_is_left_out_and_one_of_zeros_is_not() -> None:
    rows = [TaskRow(task_id="a", name="a", throttled_share=0.0)]

    assert [column.key for column in with_data(rows)] == ["throttled"]


def test_the_page_and_the_terminal_emphasize_the_same() -> None:
    page = (Path(wca_core.__file__).parent / "builtin/prometheus/page/columns.js").read_text()
    found = re.findall(r'key: "(\w+)".*? high: (\d+)', page)
    there = {key.removesuffix("_percent"): float(high) for key, high in found}

    assert there == {column.key: column.high for column in COLUMNS if column.high is not None}
