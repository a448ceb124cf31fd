"""Keys of Mesos labels as names of labels in metrics."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_mesos.labels import common, labels_of, name_of

from plugins.wca_mesos.tests.given import labels
from wca_core.config.field_types import LABEL_NAME

PREFIXES = ["org.apache.", "aurora.metadata."]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("org.apache.aurora.tier", "aurora_tier"),
        ("org.apache.aurora.metadata.load.generator", "load_generator"),
        ("org.apache.aurora.metadata.app", "app"),
        ("aurora.metadata.team", "team"),
        ("my-label", "my_label"),
        ("a/b:c d", "a_b_c_d"),
        ("größe", "gr__e"),
        ("1st", "_1st"),
        ("__meta", "_meta"),
        ("..hidden", "_hidden"),
        ("aurora.metadata.org.apache.x", "org_apache_x"),
        ("org.apache.", ""),
        ("", ""),
    ],
)
def test_keys_become_names_that_prometheus_accepts(key: str, name: str) -> None:
    assert name_of(key, PREFIXES) == name


@given(st.text(max_size=40), st.lists(st.text(max_size=5), max_size=3))
def test_any_key_is_a_label_name_or_nothing(key: str, prefixes: list[str]) -> None:
    name = name_of(key, prefixes)

    assert name == "" or LABEL_NAME.fullmatch(name)


def test_prefixes_are_dropped_in_their_order_and_none_if_none_are_given() -> None:
    assert name_of("org.apache.aurora.metadata.app", ["aurora.metadata.", "org.apache."]) == "aurora_metadata_app"
    assert name_of("org.apache.x", []) == "org_apache_x"


def test_of_keys_with_one_name_the_last_wins() -> None:
    assert labels_of(labels(("a.b", "first"), ("c", "1"), ("a-b", "last")), PREFIXES) == {"a_b": "last", "c": "1"}
    assert labels_of(labels(("a", "first"), ("a", "last")), PREFIXES) == {"a": "last"}


def test_a_label_without_value_is_empty() -> None:
    assert labels_of({"labels": [{"key": "flag"}]}, PREFIXES) == {"flag": ""}


@pytest.mark.parametrize(
    "document", [None, {}, [], "text", {"labels": None}, {"labels": {}}, {"labels": [1, None, {}]}]
)
def test_no_labels_are_none(document: object) -> None:
    assert labels_of(document, PREFIXES) == {}


def test_labels_that_every_sample_has_and_values_of_other_types_are_left_out() -> None:
    found = labels_of({"labels": [{"key": "task_id", "value": "x"}, {"key": "task.name", "value": "y"},
                                  {"key": "n", "value": 1}, {"key": 2, "value": "z"}]}, PREFIXES)  # fmt: skip

    assert found == {}


def test_long_values_are_cut() -> None:
    assert labels_of(labels(("a", "x" * 1000)), PREFIXES) == {"a": "x" * 256}


def test_the_labels_of_a_group_are_those_that_all_have_with_one_value() -> None:
    assert common([{"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2"}]) == {"a": "1"}
    assert common([{"a": "1"}]) == {"a": "1"}
    assert common([]) == {}
