"""What the generators of task labels make of a task."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.builtin.task_labels import TaskLabelRegexGenerator, TaskLabelResourceGenerator, substituted
from wca_core.errors import ConfigurationError
from wca_core.labelling import TaskLabelGenerator
from wca_core.registry import Registry
from wca_core.testing import make_task

SHOP = make_task("/a", name="shop/prod/cart", labels={"tier": "front-1"}, resources={"cpus": 4.0, "class": "gold"})


@pytest.mark.parametrize(
    ("pattern", "repl", "label"),
    [
        (r".*\/.*\/(.*)", r"\1", "cart"),
        (r"^(\w+)/.*", r"\1-x", "shop-x"),
        (r"(?P<first>\w+)/.*", r"\g<first>", "shop"),
        ("zzz", "", "shop/prod/cart"),
        (".*", "", ""),
        (".*", "v", "v"),
        ("/", "-", "shop-prod-cart"),
        ("$", "!", "shop/prod/cart!"),
        (r"(x)?/.*", r"\1", "shop"),
    ],
)
def test_every_match_in_the_name_of_the_task_is_replaced(pattern: str, repl: str, label: str) -> None:
    assert TaskLabelRegexGenerator(pattern, repl).generate(SHOP) == label


@pytest.mark.parametrize(("source", "label"), [("tier", "1"), ("task_id", "/a")])
def test_the_source_may_be_any_label_of_the_task(source: str, label: str) -> None:
    assert TaskLabelRegexGenerator("front-", "", source=source).generate(SHOP) == label


def test_without_the_source_there_is_no_label_but_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert TaskLabelRegexGenerator(".*", "x", source="zone").generate(SHOP) is None
    assert caplog.messages == ["task /a has no label zone to make another of"]


@pytest.mark.parametrize("pattern", ["(", "*", r"\g", "(?P<1>x)", "a{99999999999999999999}", "[z-a]"])
def test_a_pattern_that_is_no_regular_expression_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigurationError, match="is no regular expression"):
        TaskLabelRegexGenerator(pattern, "")


@pytest.mark.parametrize("repl", [r"\1", r"\g<name>", r"\g<", r"\q", r"\g<1"])
def test_a_replacement_that_the_pattern_has_no_group_for_is_refused(repl: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(f"repl {repl!r} does not fit 'zzz'")):
        TaskLabelRegexGenerator("zzz", repl)


PATTERNS = ["", ".*", "a*", "b*a*", "(a)|b*", "a|", "$", "^", r"\b", "a+", "(?=b)", "[ab]*", "(a*)b?", "."]


def matches_of_python_3_6(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """All matches but the empty ones that start where the one before ended."""
    matches = list(pattern.finditer(text))
    ends = [-1, *(match.end() for match in matches)]
    return [match for match, end in zip(matches, ends, strict=False) if match.group() or match.start() != end]


@given(st.sampled_from(PATTERNS), st.text(alphabet="ab-\n", max_size=8))
def test_nothing_is_replaced_directly_behind_another_match(expression: str, text: str) -> None:
    pattern = re.compile(expression)
    wanted, at = "", 0
    for match in matches_of_python_3_6(pattern, text):
        wanted += f"{text[at : match.start()]}<{match.group()}>"
        at = match.end()

    assert substituted(pattern, r"<\g<0>>", text) == wanted + text[at:]


@given(st.sampled_from(["a", "a+", "[ab]{2}", "^a", "(a|b)-"]), st.text(alphabet="ab-", max_size=8))
def test_a_pattern_that_never_matches_nothing_is_replaced_as_python_does(expression: str, text: str) -> None:
    assert substituted(re.compile(expression), r"<\g<0>>", text) == re.sub(expression, r"<\g<0>>", text)


def test_python_3_6_replaced_as_its_documentation_shows() -> None:
    assert substituted(re.compile("x*"), "-", "abc") == "-a-b-c-"
    assert substituted(re.compile("x*"), "-", "abxd") == "-a-b-d-"


@pytest.mark.parametrize(("resource", "label"), [("cpus", "4.0"), ("class", "gold"), ("gpus", "unknown")])
def test_a_resource_becomes_a_label(resource: str, label: str) -> None:
    assert TaskLabelResourceGenerator(resource).generate(SHOP) == label


@pytest.mark.parametrize("cls", [TaskLabelRegexGenerator, TaskLabelResourceGenerator])
def test_generators_are_installed_under_the_names_of_their_classes(cls: type) -> None:
    assert Registry().load(cls.__name__) is cls


def test_whatever_generates_is_a_generator() -> None:
    class Own:
        def generate(self, task: object) -> None:
            return None

    assert isinstance(Own(), TaskLabelGenerator)
    assert isinstance(TaskLabelResourceGenerator("cpus"), TaskLabelGenerator)
    assert not isinstance(5, TaskLabelGenerator)
