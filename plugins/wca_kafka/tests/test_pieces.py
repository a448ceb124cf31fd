"""However samples are cut into messages: each message can be read, and all together hold each sample once."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from wca_kafka.fields import Format
from wca_kafka.messages import Chunk
from wca_kafka.writers import WRITERS, Layout

from wca_core.model.metric import Metric, Sample, Samples, Series, counter, gauge

NOW = 1_700_000_000.25
LABEL_TEXTS = some.text(max_size=12) | some.sampled_from(
    ["\n# HELP a b\n", '"} 1\n', "# EOF", "\\n", "\r", "\0", "%s", "ä" * 40, "x" * 300]
)
VALUES = some.integers(0, 2**70) | some.floats(min_value=0, allow_nan=False, allow_infinity=False)
NAMES = ["a", "aa", "b_seconds", "c_total"]
METRICS = {
    name: Metric(name, f"Help of {name}: 50 % \\ and\nmore.", counter if name == "c_total" else gauge, levels=("l",))
    for name in NAMES
}


@some.composite
def steps(draw: some.DrawFn) -> Samples:
    """Samples of some metrics; of equal labels there is only one."""
    places = draw(some.lists(some.tuples(some.sampled_from(NAMES), LABEL_TEXTS), min_size=1, max_size=30))
    series = {
        (name, label.replace("\r", " ").replace("\0", "")): METRICS[name].series(l=label) for name, label in places
    }
    values = draw(some.lists(VALUES, min_size=len(series), max_size=len(series)))
    return Samples(list(series.values()), values)


def made(form: Format, samples: Samples, limit: int) -> list[Chunk]:
    return list(WRITERS[form](Layout(labels={"host": "h"}, limit=limit)).chunks(samples, NOW))


def numbers(samples: Samples) -> list[tuple[str, str, float]]:
    """What a reader of text must find; a label cannot hold a carriage return or NUL there."""
    return sorted((one.name, one.labels["l"].replace("\r", " ").replace("\0", ""), float(one.value)) for one in samples)


def read(chunk: Chunk) -> list[tuple[str, str, float]]:
    found = parse_text(chunk.value.decode())
    return [(one.name, one.labels["l"], float(one.value)) for family in found for one in family.samples]


@settings(deadline=None)
@given(steps(), some.integers(1, 3000))
@example(Samples([METRICS["a"].series(l="x" * 300), METRICS["b_seconds"].series(l="y")], [1, 2]), 100)
def test_messages_of_prometheus_text_hold_each_sample_once(step: Samples, limit: int) -> None:
    chunks = made("exposition", step, limit)

    assert sorted(one for chunk in chunks for one in read(chunk)) == numbers(step)
    assert [chunk.samples for chunk in chunks] == [len(read(chunk)) for chunk in chunks]
    assert all(len(chunk.value) <= limit or chunk.samples == 1 for chunk in chunks)


@settings(deadline=None)
@given(steps(), some.integers(1, 3000))
def test_every_message_says_what_its_metrics_are(step: Samples, limit: int) -> None:
    for chunk in made("exposition", step, limit):
        for family in parse_text(chunk.value.decode()):
            assert family.type in ("counter", "gauge")
            assert family.documentation.startswith("Help of")


@settings(deadline=None)
@given(steps(), some.integers(1, 3000))
def test_a_message_of_a_family_holds_no_other(step: Samples, limit: int) -> None:
    chunks = made("exposition_per_family", step, limit)

    assert sorted(one for chunk in chunks for one in read(chunk)) == numbers(step)
    assert all({name for name, _, _ in read(chunk)} == {chunk.key} for chunk in chunks)


@settings(deadline=None)
@given(steps(), some.integers(1, 3000))
def test_messages_of_openmetrics_are_whole_pages(step: Samples, limit: int) -> None:
    chunks = made("openmetrics", step, limit)

    found = [
        (one.name, one.labels["l"], float(one.value))
        for chunk in chunks
        for family in parse_openmetrics(chunk.value.decode())
        for one in family.samples
    ]
    assert sorted(found) == numbers(step)
    assert all(chunk.value.endswith(b"\n# EOF\n") for chunk in chunks)
    assert all(len(chunk.value) <= limit or chunk.samples == 1 for chunk in chunks)


@settings(deadline=None)
@given(steps(), some.integers(1, 3000))
def test_messages_of_json_hold_each_sample_once(step: Samples, limit: int) -> None:
    chunks = made("json", step, limit)

    documents = [json.loads(chunk.value) for chunk in chunks]
    found = [(one["name"], one["labels"]["l"], one["value"]) for each in documents for one in each["metrics"]]
    assert sorted(found) == sorted((one.name, one.labels["l"], one.value) for one in step)
    assert [chunk.samples for chunk in chunks] == [len(each["metrics"]) for each in documents]
    assert all(len(chunk.value) <= limit or chunk.samples == 1 for chunk in chunks)
    assert all((each["host"], each["timestamp_ms"]) == ("h", 1_700_000_000_250) for each in documents)


def test_a_large_page_is_cut_in_order_and_nearly_full_messages() -> None:
    metrics = [Metric(f"metric_{number}", "Help.", gauge, levels=("number",)) for number in range(5)]
    step = Samples.of(metric.sample(at, number=at) for metric in metrics for at in range(3000))

    chunks = made("exposition", step, 20_000)

    lines = [line for chunk in chunks for line in chunk.value.split(b"\n") if line.startswith(b"metric")]
    assert len(lines) == 15_000
    assert [line.split(b"{")[0] for line in lines] == sorted(line.split(b"{")[0] for line in lines)
    assert all(len(chunk.value) > 19_900 for chunk, _ in pairwise(chunks))


def test_a_counter_has_its_suffix_and_seconds_in_openmetrics() -> None:
    [chunk] = made("openmetrics", Samples.of([METRICS["c_total"].sample(3, l="x")]), 1000)

    assert b'c_total{host="h",l="x"} 3 1700000000.250\n# EOF\n' in chunk.value


def test_json_spells_what_is_no_number_as_text() -> None:
    values = [float("nan"), float("inf"), float("-inf")]
    step = Samples.of(METRICS["a"].sample(value, l=str(at)) for at, value in enumerate(values))

    [chunk] = made("json", step, 1000)

    assert [one["value"] for one in json.loads(chunk.value)["metrics"]] == ["NaN", "+Inf", "-Inf"]


def test_labels_that_are_equal_as_numbers_only_are_two_samples() -> None:
    step = Samples.of(METRICS["a"].sample(value, l=label) for value, label in [(1, "1"), (2, "01"), (3, "001")])

    [chunk] = made("json", step, 1000)

    assert {one["labels"]["l"] for one in json.loads(chunk.value)["metrics"]} == {"1", "01", "001"}


def test_an_object_a_sample_has_all_of_it_and_the_label_as_key() -> None:
    layout = Layout(labels={"host": "h"}, limit=1000, key_label="app")
    application = Metric("app_load", "Load.", gauge)
    labelled = Series.of(application, {"app": "web"})

    chunks = list(
        WRITERS["json_per_sample"](layout).chunks(
            Samples.of([labelled.at(1.5), Sample(METRICS["a"].series(l="x"), 2)]), NOW
        )
    )

    assert [chunk.key for chunk in chunks] == [None, "web"]
    assert json.loads(chunks[1].value) == {
        "host": "h",
        "timestamp_ms": 1_700_000_000_250,
        "name": "app_load",
        "type": "gauge",
        "help": "Load.",
        "labels": {"app": "web", "host": "h"},
        "value": 1.5,
    }


@pytest.mark.parametrize("form", WRITERS)
def test_the_next_step_has_its_own_values_and_series(form: Format) -> None:
    writer = WRITERS[form](Layout(labels={}, limit=1000, timestamps=False))
    series = [METRICS["a"].series(l="x")]
    list(writer.chunks(Samples(series, [1]), NOW))

    [chunk] = writer.chunks(Samples(series, [25]), NOW)
    [other] = writer.chunks(Samples([METRICS["a"].series(l="other")], [3]), NOW)

    assert b"25" in chunk.value
    assert b"other" in other.value
