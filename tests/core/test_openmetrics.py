"""OpenMetrics text, read by the official parser."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric as Family
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as classic_families

from wca_core.exposition import Page
from wca_core.model.metric import Metric, MetricType, Samples, Series, counter, gauge
from wca_core.openmetrics import openmetrics
from wca_core.testing import make_task

USAGE = Metric("task_cpu_usage_seconds", 'CPU "time" \\ used.', counter, unit="seconds")
UP = Metric("wca_up", "Time of this step.", counter, unit="timestamp")
MEMORY = Metric("task_mem_usage_bytes", "Memory.", gauge, unit="bytes")
PERCENT = Metric("pressure_percent", "Pressure.", gauge, unit="percent")
TOTAL = Metric("requests_total", "Requests.", counter)


def text_of(samples: Samples, **common_labels: str) -> str:
    return openmetrics(Page(common_labels).text(samples), samples.series).decode()


def families(text: str) -> dict[str, Family]:
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_a_counter_has_total_behind_its_name_and_its_unit_told() -> None:
    text = text_of(Samples.of([USAGE.sample(2.5, make_task("/a")), USAGE.sample(3, make_task("/b"))]), host="h")

    assert text == (
        "# TYPE task_cpu_usage_seconds counter\n"
        "# UNIT task_cpu_usage_seconds seconds\n"
        '# HELP task_cpu_usage_seconds CPU \\"time\\" \\\\ used.\n'
        'task_cpu_usage_seconds_total{host="h",task_id="/a",task_name="a"} 2.5\n'
        'task_cpu_usage_seconds_total{host="h",task_id="/b",task_name="b"} 3\n'
        "# EOF\n"
    )
    assert families(text)["task_cpu_usage_seconds"].documentation == USAGE.help


def test_a_name_that_has_total_keeps_it_once() -> None:
    text = text_of(Samples.of([TOTAL.sample(1)]))

    assert "# TYPE requests counter\n" in text
    assert "\nrequests_total 1\n" in text


def test_a_time_is_a_gauge_though_it_grows() -> None:
    text = text_of(Samples.of([UP.sample(1_700_000_000.5)]))

    assert text == "# TYPE wca_up gauge\n# HELP wca_up Time of this step.\nwca_up 1700000000.5\n# EOF\n"


def test_a_unit_is_told_only_if_openmetrics_knows_it() -> None:
    text = text_of(Samples.of([PERCENT.sample(1), MEMORY.sample(2)]))

    assert [line for line in text.splitlines() if "UNIT" in line] == ["# UNIT task_mem_usage_bytes bytes"]


def test_no_samples_are_a_page_that_has_only_its_end() -> None:
    assert text_of(Samples()) == "# EOF\n"


def test_a_family_whose_name_is_taken_costs_only_itself() -> None:
    foo, other = Metric("foo", "Foo.", counter), Metric("foo_total", "Another.", gauge)

    text = text_of(Samples.of([other.sample(1), foo.sample(2), MEMORY.sample(3)]))

    assert {name: family.samples[0].value for name, family in families(text).items()} == {
        "foo": 2,
        "task_mem_usage_bytes": 3,
    }


NAMES = st.from_regex(r"[a-z][a-z_]{0,8}(_seconds|_bytes|_total|_count)?", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12).map(lambda text: f"{text}\n# HELP x y")
METRICS = st.builds(
    lambda name, text, kind, unit: Metric(name, f"x{text}", kind, unit=unit),
    NAMES,
    TEXTS,
    st.sampled_from(MetricType),
    st.sampled_from(["numeric", "seconds", "bytes", "timestamp"]),
)


@given(st.lists(st.tuples(METRICS, TEXTS, st.integers(0, 10**18) | st.floats(0, 1e300)), max_size=8))
def test_the_official_parser_reads_the_same_values_from_both_texts(drawn: list[tuple[Metric, str, float]]) -> None:
    by_name = {metric.name: metric for metric, _, _ in drawn}
    samples = Samples.of(
        [Series.of(by_name[metric.name], {"label": label}).at(value) for metric, label, value in drawn]
    )

    classic = values(classic_families(Page().text(samples).decode()))
    parsed = values(families(text_of(samples)).values())

    if len({stem(name) for name in by_name}) == len(by_name):
        assert parsed == classic


def values(found: Iterable[Family]) -> dict[tuple[str, str], float]:
    """Without the `_total` that either parser puts behind the names of counters."""
    return {(stem(one.name), one.labels["label"]): one.value for family in found for one in family.samples}


def stem(name: str) -> str:
    return name.removesuffix("_total")
