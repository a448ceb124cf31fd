"""Label selectors are those of Kubernetes."""

from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.model.selector import parse_selector

LABELS = {"app": "web", "tier": "a", "example.com/own": "", "size": "7"}


@pytest.mark.parametrize(
    "text",
    ["app", "!legacy", "app=web", "app == web", "app!=db", "missing!=x", "tier in (a, b)", "tier in (a)",
     "tier notin (c,d)", "missing notin (a)", "example.com/own", "example.com/own=", "size>6", "size < 8",
     "app=web,tier in (a, b),!legacy", " app , tier "],
)  # fmt: skip
def test_these_are_met(text: str) -> None:
    assert parse_selector(text).matches(LABELS)


@pytest.mark.parametrize(
    "text",
    ["legacy", "!app", "app=db", "app!=web", "missing=x", "missing in (x)", "tier in (b,c)", "tier notin (a)",
     "size>7", "size<7", "app>1", "missing<1", "app=web,tier=b"],
)  # fmt: skip
def test_these_are_not(text: str) -> None:
    assert not parse_selector(text).matches(LABELS)


@pytest.mark.parametrize(
    "text",
    ["", ",", "app=web,", "a b", "app=(x)", "tier in a", "tier in (a", "in (a)", "=x", "a=b=c", "a>x", "-a", "a/b/c"],
)
def test_what_is_none_is_told_with_the_part_that_is_wrong(text: str) -> None:
    with pytest.raises(ValueError, match="a label selector such as"):
        parse_selector(text)


def test_labels_of_another_type_meet_nothing() -> None:
    odd: Mapping[str, object] = {"app": ["web"], "size": 7}

    assert not parse_selector("app=web").matches(odd)
    assert not parse_selector("size>1").matches(odd)


@given(st.text(alphabet="ab=!,() in><notn", max_size=30))
def test_any_text_is_a_selector_or_refused(text: str) -> None:
    with suppress(ValueError):
        parse_selector(text).matches(LABELS)
