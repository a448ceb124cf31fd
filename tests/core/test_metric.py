"""Metrics, series and samples."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.errors import ContractError, InconvertibleToPrometheusExpositionFormat
from wca_core.model.metric import Metric, Series, are_plain_numbers, counter, gauge
from wca_core.testing import make_task

USAGE = Metric("task_usage", "Usage.", counter)
BY_NODE = Metric("task_pages", "Pages.", gauge, levels=("numa_node", "kind"))


@pytest.mark.parametrize("name", ["latency-ms", "foo\n", "", "1a", "a b", "\u00e4"])
def test_a_malformed_name_is_refused_with_the_name(name: str) -> None:
    with pytest.raises(ContractError, match="is not of the form"):
        Metric(name, "Help.", gauge)


def test_a_metric_without_help_is_refused() -> None:
    with pytest.raises(ContractError, match="task_x has no help text"):
        Metric("task_x", " ", gauge)


def test_an_unknown_unit_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ContractError, match=r"unit 'parsecs'; known are .*seconds"):
        Metric("task_x", "Help.", gauge, unit="parsecs")


@pytest.mark.parametrize("kind", ["histogram", "gauge", None])
def test_a_metric_of_another_type_is_refused(kind: object) -> None:
    with pytest.raises(ContractError, match="task_x has type"):
        Metric("task_x", "Help.", kind)  # type: ignore[arg-type]


@pytest.mark.parametrize("level", ["a-b", "__name", ""])
def test_a_level_that_is_no_label_name_is_refused(level: str) -> None:
    with pytest.raises(ContractError, match="no label name"):
        Metric("task_x", "Help.", gauge, levels=(level,))


def test_the_granularity_follows_from_the_name() -> None:
    names = ("task_x", "platform_x", "wca_x", "anything")

    assert [Metric(name, "Help.", gauge).granularity for name in names] == ["task", "platform", "internal", "internal"]


def test_the_series_of_a_task_is_the_same_object_as_long_as_the_task_is() -> None:
    task = make_task()

    assert USAGE.series(task) is USAGE.series(task)
    assert USAGE.series(task) is not USAGE.series(make_task())
    assert USAGE.series() is USAGE.series()


def test_levels_may_be_named_in_any_order() -> None:
    assert BY_NODE.series(numa_node=0, kind="anon") is BY_NODE.series(kind="anon", numa_node=0)


@pytest.mark.parametrize("levels", [{}, {"numa_node": 1}, {"numa_node": 1, "kind": 2, "more": 3}, {"other": 1}])
def test_levels_other_than_described_are_refused_with_the_metric(levels: dict[str, object]) -> None:
    with pytest.raises(ContractError, match="task_pages has the levels"):
        BY_NODE.series(**levels)


@pytest.mark.parametrize("labels", [{"a-b": "x"}, {"__a": "x"}, {"a": 3}, {"a\n": "x"}])
def test_free_labels_that_cannot_be_written_are_refused(labels: dict[str, str]) -> None:
    with pytest.raises(InconvertibleToPrometheusExpositionFormat, match="task_usage"):
        Series.of(USAGE, labels)


def test_a_level_stands_over_a_label_of_the_task_with_its_name() -> None:
    task = make_task(labels={"kind": "mine", "other": "mine"})

    labels = BY_NODE.sample(1, task, numa_node=0, kind="anon").labels

    assert (labels["kind"], labels["other"]) == ("anon", "mine")


@given(st.lists(st.integers() | st.floats() | st.booleans() | st.none() | st.text()))
def test_plain_numbers_are_finite_ints_and_floats(values: list[float]) -> None:
    expected = all(type(one) is int or (type(one) is float and math.isfinite(one)) for one in values)

    assert are_plain_numbers(values) is expected


def test_finite_floats_whose_sum_is_not_are_plain_numbers() -> None:
    assert are_plain_numbers([1e308, 1e308, 1e308])
