"""Labels of pods become labels of samples."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_k8s.labels import QOS, sanitized, sanitized_labels

from wca_core.model.metric import LABEL_NAME


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("app", "app"),
        ("app.kubernetes.io/name", "app_kubernetes_io__name"),
        ("pod-template-hash", "pod_template_hash"),
        ("a b:c", "a_b_c"),
        ("9lives", "_9lives"),
        ("__meta", "_meta"),
        ("/x", "_x"),
        ("ä", "_"),
    ],
)
def test_a_key_becomes_a_name(key: str, name: str) -> None:
    assert sanitized(key) == name


@given(st.text(min_size=1))
def test_every_key_becomes_a_name_that_prometheus_takes(key: str) -> None:
    assert LABEL_NAME.fullmatch(sanitized(key))


def test_values_stay_as_they_are() -> None:
    assert sanitized_labels({"app": "A-b.c_"}) == ({"app": "A-b.c_"}, [])


def test_a_value_no_kubernetes_would_take_is_cut_and_can_be_written() -> None:
    found, _ = sanitized_labels({"long": "x" * 1000, "half": "\ud800"})

    assert found == {"long": "x" * 256, "half": "?"}


def test_of_keys_with_one_name_the_smallest_wins_and_that_is_told() -> None:
    found, complaints = sanitized_labels({"a_b": "3", "a.b": "2", "a-b": "1"})

    assert found == {"a_b": "1"}
    assert [re.findall("'([^']*)'", complaint) for complaint in complaints] == [["a-b", "a.b"], ["a-b", "a_b"]]


@pytest.mark.parametrize("key", ["task_id", "task.name", "app.kubernetes.io/qos-class"])
def test_names_of_our_own_are_not_given_away(key: str) -> None:
    found, complaints = sanitized_labels({key: "evil"})

    assert found == {}
    assert "WCA's own" in complaints[0]
    assert sanitized("app.kubernetes.io/qos-class") == QOS


def test_a_value_that_is_no_text_is_left_out_and_told() -> None:
    found, complaints = sanitized_labels({"a": 1, "b": None, "": "x", "c": "ok"})

    assert found == {"c": "ok"}
    assert len(complaints) == 3
