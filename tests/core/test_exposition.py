"""Samples as Prometheus text: the bytes of the specification, and what a reader makes of them."""

import math
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from wca_core.errors import InconvertibleToPrometheusExpositionFormat
from wca_core.exposition import Page, escape_help, natural
from wca_core.model.metric import Metric, Sample, Samples, Series, counter, gauge
from wca_core.testing import make_task

PLAIN = Metric("m1", "Plain.", gauge)
LEVELED = Metric("m3", "both", gauge, levels=("a",))
ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()))
"""Any Unicode, with lone surrogates, NUL, quotes and newlines."""
NASTY = ['"', "\\", "\n", "\\n", "%", "%s", "%%", "\0", "\r", "\x85", "\u2028", "\ud800", "}", "{", '",b="', "#", " "]


def text_of(samples: Iterable[Sample], *, now: float = 0.0, **options: object) -> str:
    return Page(**options).text(Samples.of(samples), now).decode()  # type: ignore[arg-type]


def read_back(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample that a Prometheus reader finds, by name and labels; none twice."""
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    by_series = {(one.name, tuple(sorted(one.labels.items()))): one.value for one in found}
    assert len(by_series) == len(found), "a series stands there twice"
    return by_series


def as_printed(value: str) -> str:
    """What of a label value survives: no NUL, no carriage return, no lone surrogate."""
    return value.replace("\0", "").replace("\r", " ").encode(errors="replace").decode()


def test_families_with_labels_and_timestamps_are_these_bytes() -> None:
    latency = Metric("app_latency_ms", "mean latency", counter, levels=("user", "node"))
    p99 = Metric("app_p99_ms", "tail latency", counter, levels=("user", "node"))

    text = text_of(
        [p99.sample(8.25, user="u1", node="n1"), latency.sample(8, user="u1", node="n1")],
        now=1700000000.001,
        timestamps=True,
    )

    assert text == (
        "# HELP app_latency_ms mean latency\n"
        "# TYPE app_latency_ms counter\n"
        'app_latency_ms{node="n1",user="u1"} 8 1700000000001\n'
        "\n"
        "# HELP app_p99_ms tail latency\n"
        "# TYPE app_p99_ms counter\n"
        'app_p99_ms{node="n1",user="u1"} 8.25 1700000000001\n'
    )


def test_families_come_by_name_and_samples_by_the_size_of_their_numbers() -> None:
    given_order = [LEVELED.sample(1, a="3"), LEVELED.sample(1, a="20"), PLAIN.sample(7), LEVELED.sample(1, a="1")]

    text = text_of(given_order, now=1700000000, timestamps=True)

    assert text == (
        "# HELP m1 Plain.\n# TYPE m1 gauge\nm1 7 1700000000000\n"
        "\n"
        "# HELP m3 both\n# TYPE m3 gauge\n"
        'm3{a="1"} 1 1700000000000\nm3{a="3"} 1 1700000000000\nm3{a="20"} 1 1700000000000\n'
    )


def test_numbers_come_before_words() -> None:
    text = text_of([LEVELED.sample(1, a=one) for one in ("all", "10", "0", "9")])

    assert [line.split('"')[1] for line in text.splitlines() if "{" in line] == ["0", "9", "10", "all"]


def test_a_digit_that_is_not_ascii_is_no_number() -> None:
    assert natural("\u0663")[0] == 1


def test_a_label_of_many_thousand_digits_is_a_number_like_any_other() -> None:
    text = text_of([LEVELED.sample(2, a="9" * 5000), LEVELED.sample(1, a="7")])

    assert text.index('a="7"') < text.index('a="99')


def test_quotes_in_a_label_value_are_escaped() -> None:
    assert 'm3{a="a \\"b\\""} 1\n' in text_of([LEVELED.sample(1, a='a "b"')])


def test_a_help_of_several_lines_stands_on_one() -> None:
    odd = Metric("m", 'back\\slash\nand "quotes"', gauge)

    assert '# HELP m back\\\\slash\\nand "quotes"\n' in text_of([odd.sample(1)])


def test_no_samples_are_no_text() -> None:
    assert text_of([]) == ""


@pytest.mark.parametrize(
    ("value", "written"),
    [
        *((8, "8"), (-3, "-3"), (2**70, str(2**70)), (8.25, "8.25"), (1.0, "1.0"), (1e-05, "1e-05")),
        *((1700000000.001, "1700000000.001"), (math.nan, "NaN"), (math.inf, "+Inf"), (-math.inf, "-Inf")),
    ],
)
def test_a_value_is_written_in_its_shortest_exact_form(value: float, written: str) -> None:
    assert text_of([PLAIN.sample(value)]).endswith(f"m1 {written}\n")


@pytest.mark.parametrize("value", [True, None, "8", b"8", [1]])
def test_what_is_no_number_is_refused_with_its_type(value: object) -> None:
    with pytest.raises(InconvertibleToPrometheusExpositionFormat, match=type(value).__name__):
        text_of([PLAIN.sample(value)])  # type: ignore[arg-type]


def test_of_equal_series_the_last_is_kept_and_that_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    twice = Metric("m_twice", "Told twice.", gauge, levels=("a",))
    one, other = Series.of(twice, {"a": "1"}), Series.of(twice, {"a": "1"})

    for _ in range(2):
        assert read_back(text_of([one.at(1), other.at(2)])) == {("m_twice", (("a", "1"),)): 2}

    assert caplog.text.count("metric m_twice has samples with the same labels") == 1


def test_series_that_printing_makes_equal_are_one() -> None:
    text = text_of([LEVELED.sample(at, a=value) for at, value in enumerate(["x", "x\0", "\ud800", "\udfff"])])

    assert list(read_back(text).values()) == [3, 1] or list(read_back(text).values()) == [1, 3]


def test_of_two_types_under_one_name_the_first_is_kept() -> None:
    other = Metric("m1", "Another.", counter)

    text = text_of([PLAIN.sample(1), other.sample(2)])

    assert text == "# HELP m1 Plain.\n# TYPE m1 gauge\nm1 1\n"


def test_common_labels_stand_over_those_of_tasks_and_under_levels() -> None:
    task = make_task("/t", labels={"a": "task", "host": "task", "own": "task"})

    text = text_of([LEVELED.sample(1, task, a="level")], common_labels={"host": "common", "a": "common"})

    assert text.endswith('m3{a="level",host="common",own="task",task_id="/t",task_name="t"} 1\n')


def test_an_empty_label_of_a_task_is_printed() -> None:
    assert 'empty=""' in text_of([PLAIN.sample(1, make_task(labels={"empty": ""}))])


@pytest.mark.parametrize("name", ["a-b", "", "1a", "__reserved", "a\n", "\u00e4", 'x="1",y'])
def test_a_label_that_has_no_valid_name_is_left_out(name: str) -> None:
    text = text_of([PLAIN.sample(1, make_task("/t", labels={name: "x", "good": "y"}))])

    assert text.endswith('m1{good="y",task_id="/t",task_name="t"} 1\n')


def test_a_level_that_is_no_text_costs_nobody_anything() -> None:
    odd = LEVELED.series_at(None, (3,))  # type: ignore[arg-type]

    assert read_back(text_of([odd.at(1), PLAIN.sample(2)])) == {("m3", (("a", "3"),)): 1, ("m1", ()): 2}


def test_only_some_labels_are_printed_on_demand() -> None:
    samples = [Series.of(PLAIN, {"a": "1", "host": "h"}).at(1)]

    assert text_of(samples, only_labels=["host"]).endswith('m1{host="h"} 1\n')
    assert text_of(samples, only_labels=[]).endswith("m1 1\n")


def test_a_page_follows_a_list_of_series_that_changes() -> None:
    page = Page(timestamps=True)

    first = page.text(Samples.of([PLAIN.sample(1)]), 1)
    second = page.text(Samples.of([PLAIN.sample(2)]), 2)
    third = page.text(Samples.of([LEVELED.sample(3, a="%d"), PLAIN.sample(4)]), 3)
    fourth = page.text(Samples(), 4)

    assert [text.splitlines()[-1:] for text in (first, second, fourth)] == [[b"m1 1 1000"], [b"m1 2 2000"], []]
    assert read_back(third.decode()) == {("m1", ()): 4, ("m3", (("a", "%d"),)): 3}


@given(st.lists(ANY_TEXT | st.sampled_from(NASTY), unique=True, max_size=6), st.booleans())
def test_any_unicode_in_labels_is_read_back(values: list[str], timestamps: bool) -> None:
    samples = [LEVELED.sample(at, a=value) for at, value in enumerate(values)]

    found = read_back(text_of(samples, timestamps=timestamps, now=5))

    expected = {("m3", (("a", as_printed(value)),)): float(at) for at, value in enumerate(values)}
    assert found == expected


@given(ANY_TEXT.filter(lambda text: text.strip()))
def test_any_unicode_in_a_help_is_read_back(help_text: str) -> None:
    text = text_of([Metric("m", help_text, gauge).sample(1)])

    (family,) = text_string_to_metric_families(text)
    assert " ".join(family.documentation.split()) == " ".join(as_printed(help_text).split())
    assert text.count("\n") == 3


@given(st.text(alphabet='\\\n\r"n'))
def test_an_escaped_help_is_one_line_that_tells_all(text: str) -> None:
    escaped = escape_help(text)

    assert "\n" not in escaped
    parts = escaped.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")
    assert parts == text.replace("\r", " ")


@given(st.lists(st.integers() | st.floats(allow_nan=False), min_size=1, max_size=20))
def test_any_number_is_read_back(values: list[float]) -> None:
    found = read_back(text_of([LEVELED.sample(value, a=str(at)) for at, value in enumerate(values)]))

    assert [found["m3", (("a", str(at)),)] for at in range(len(values))] == values


@given(
    st.lists(
        st.tuples(st.sampled_from(["m1", "m2", "a:b"]), st.dictionaries(st.sampled_from("abc"), ANY_TEXT)), max_size=12
    )
)
def test_no_series_is_printed_twice_and_no_family_is_torn(rows: list[tuple[str, dict[str, str]]]) -> None:
    metrics = {name: Metric(name, "Help.", gauge) for name in ("m1", "m2", "a:b")}

    text = text_of([Series.of(metrics[name], labels).at(1) for name, labels in rows])

    read_back(text)
    headers = [line for line in text.splitlines() if line.startswith("# TYPE")]
    assert headers == sorted({f"# TYPE {name} gauge" for name, _ in rows})


@given(st.lists(st.integers(0, 10**6).map(str) | st.text(alphabet="ab1", min_size=1), unique=True))
def test_values_stand_in_natural_order(values: list[str]) -> None:
    text = text_of([LEVELED.sample(1, a=value) for value in values])

    printed = [line.split('"')[1] for line in text.splitlines() if "{" in line]
    numbers = [int(value) for value in printed if value.isdigit()]
    words = [value for value in printed if not value.isdigit()]
    assert numbers == sorted(numbers)
    assert words == sorted(words)
    assert printed[: len(numbers)] == [value for value in printed if value.isdigit()]
