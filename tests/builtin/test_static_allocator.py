"""Allocations by rules: who is selected, what counts, and a file of rules that changes while the agent runs."""

import copy
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.builtin.static_allocator.allocator import StaticAllocator
from wca_core.builtin.static_allocator.rules import RuleError, rules_of
from wca_core.errors import ConfigurationError
from wca_core.model.metric import Samples
from wca_core.model.rdt_allocation import RDTAllocation
from wca_core.model.snapshot import Snapshot
from wca_core.model.task import Task
from wca_core.testing import make_task

TASKS = (
    make_task("/web", labels={"tier": "1", "app": "nginx"}),
    make_task("/job", labels={"tier": "12", "app": "batch"}),
    make_task("/other"),
)


def given_to(allocator: StaticAllocator, tasks: Sequence[Task] = TASKS) -> dict[str, dict[str, object]]:
    """What each task gets."""
    found: dict[str, dict[str, object]] = {}
    for one in allocator.allocate(Snapshot(now=0.0, tasks=tasks, samples=Samples())):
        found.setdefault(one.task_id, {})[one.type.value] = one.value
    return found


def by_rules(*rules: dict[str, object]) -> dict[str, dict[str, object]]:
    return given_to(StaticAllocator(rules=list(rules)))


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ({}, {"/web", "/job", "/other"}),
        ({"task_id": "/web"}, {"/web"}),
        ({"task_id": "/nobody"}, set()),
        ({"labels": {"app": "nginx"}}, {"/web"}),
        ({"labels": {"app": "ngin"}}, {"/web"}),
        ({"labels": {"app": "ginx"}}, set()),
        ({"labels": {"tier": 1}}, {"/web", "/job"}),
        ({"labels": {"tier": "1$"}}, {"/web"}),
        ({"labels": {"tier": 12, "app": "nginx"}}, {"/web", "/job"}),
        ({"labels": {"tier": 1, "app": "batch"}, "match": "all"}, {"/job"}),
        ({"labels": {"missing": ".*"}}, set()),
        ({"labels": {"task_name": "web|other"}}, {"/web", "/other"}),
        ({"task_id": "/web", "labels": {"app": "batch"}}, {"/web"}),
        ({"labels": {}}, {"/web", "/job", "/other"}),
    ],
)
def test_a_rule_selects(selector: dict[str, object], selected: set[str]) -> None:
    assert set(by_rules({**selector, "allocations": {"cpu_quota": 0.5}})) == selected


def test_later_rules_win_by_type() -> None:
    found = by_rules(
        {"allocations": {"cpu_quota": 0.5, "cpu_shares": 2, "rdt": {"name": "a", "l3": "L3:0=f"}}},
        {"task_id": "/web", "allocations": {"cpu_quota": 0.7, "rdt": {"name": "b"}}},
    )

    assert found["/web"] == {"cpu_quota": 0.7, "cpu_shares": 2, "rdt": RDTAllocation(name="b")}
    assert found["/job"] == {"cpu_quota": 0.5, "cpu_shares": 2, "rdt": RDTAllocation(name="a", l3="L3:0=f")}


def test_rules_are_never_changed_and_each_step_gives_the_same() -> None:
    rules: list[dict[str, object]] = [
        {"name": "all", "allocations": {"cpuset_cpus": [3, 1], "rdt": {"name": "be", "mb": "MB:0=20"}}},
        {"labels": {"tier": 1}, "allocations": {"cpu_quota": 1}},
    ]
    before = copy.deepcopy(rules)
    allocator = StaticAllocator(rules=rules)

    first, second = given_to(allocator), given_to(allocator)

    assert rules == before
    assert first == second


def test_a_task_whose_labels_change_is_looked_at_again() -> None:
    allocator = StaticAllocator(rules=[{"labels": {"tier": "1"}, "allocations": {"cpu_quota": 0.5}}])
    given_to(allocator)

    assert given_to(allocator, [make_task("/web", labels={"tier": "2"})]) == {}


def test_odd_rules_are_told_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    found = by_rules(
        {"name": "lost"}, {"allocations": {}}, {"task_id": "/web", "labels": {"a": "b"}, "allocations": {}}
    )

    assert found == {}
    assert "rule lost has no allocations" in caplog.text
    assert "the labels are ignored" in caplog.text
    assert "there are no rules" in caplog.text


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"allocations": {"cpu": 1}}, r"rules\[0\].allocations.cpu: a type of cpu_quota, .* expected, found 'cpu'"),
        (
            {"allocations": {"cpu_quota": 2}},
            r"rules\[0\].allocations.cpu_quota: .* a number from 0 to 1",
        ),
        ({"allocations": {"cpu_quota": "1"}}, "found '1'"),
        ({"allocations": {"cpuset_cpus": "3-1"}}, "is no range"),
        ({"allocations": {"rdt": {"nam": "a"}}}, r"rules\[0\].allocations.rdt.nam: rdt has name, l3, mb"),
        ({"allocations": {"rdt": {"l3": 5}}}, "text expected"),
        ({"allocations": {"rdt": {"l3": "MB:0=1"}}}, "L3:"),
        ({"allocations": [1]}, r"rules\[0\].allocations: fields by name expected"),
        ({"labels": {"a": "("}, "allocations": {"cpu_quota": 1}}, r"rules\[0\].labels.a: .* a regular expression"),
        ({"labels": {"a": None}, "allocations": {"cpu_quota": 1}}, "a text expected, found None"),
        ({"match": "some", "allocations": {"cpu_quota": 1}}, "any or all expected, found 'some'"),
        ({"task": "a", "allocations": {"cpu_quota": 1}}, r"a rule has name, task_id, labels, match, allocations"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(rule: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        StaticAllocator(rules=[rule])


WORDS = ["allocations", "labels", "task_id", "cpu_quota", "rdt", "l3", "x"]
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["allocations", "labels", "task_id", "cpu_quota", "rdt", "l3", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(PLAIN)
def test_anything_is_a_list_of_rules_or_a_rule_error(given_value: object) -> None:
    with suppress(RuleError):
        assert all(rule.allocations for rule in rules_of(given_value, []))


# -- the file ------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text("- {task_id: /web, allocations: {cpu_quota: 0.5}}\n")
    path.chmod(0o600)
    return path


def test_rules_of_a_file_follow_those_of_the_configuration(file: Path) -> None:
    allocator = StaticAllocator(rules=[{"allocations": {"cpu_quota": 0.9}}], config=str(file))

    found = given_to(allocator)

    assert (found["/web"], found["/job"]) == ({"cpu_quota": 0.5}, {"cpu_quota": 0.9})


def test_a_file_is_read_in_every_step(file: Path) -> None:
    allocator = StaticAllocator(config=str(file))
    first = given_to(allocator)
    file.write_text(
        "- task_id: /web\n  allocations:\n    cpuset_cpus: 3\n    rdt: !RDTAllocation {name: 7, mb: 'MB:0=20'}\n"
    )

    assert first == {"/web": {"cpu_quota": 0.5}}
    assert given_to(allocator) == {"/web": {"cpuset_cpus": "3", "rdt": RDTAllocation(name="7", mb="MB:0=20")}}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("- {task_id: /web,\n", "rules.yaml:2:1"),
        (
            "- allocations:\n    cpu_quota: 0.1\n- allocations:\n    cpu_quota: 7\n",
            "rules.yaml:4:16: cpu_quota:",
        ),
        ("allocations: {}\n", "rules.yaml:1:1: a list of rules expected"),
        ("", "rules.yaml: is empty"),
        ("- {allocations: !Env X}\n", "rules.yaml:1:17: fields by name expected"),
        ("- &a [*a]\n", "contains it"),
    ],
)
def test_a_wrong_file_is_told_with_its_line_and_the_rules_of_before_stay(
    file: Path, text: str, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    allocator = StaticAllocator(config=str(file))
    before = given_to(allocator)
    file.write_text(text)

    assert [given_to(allocator), given_to(allocator)] == [before, before]

    (message,) = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert place in message
    assert "the rules of before stay" in message


def test_a_file_that_is_empty_from_the_start_is_told(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    file.write_text("")

    assert given_to(StaticAllocator(config=str(file))) == {}
    assert "is empty" in caplog.text


def test_bytes_that_are_no_text_and_a_file_that_others_may_write_are_refused(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    allocator = StaticAllocator(config=str(file))
    before = given_to(allocator)
    file.write_bytes(b"\xff\n")
    assert given_to(allocator) == before
    file.write_text("- {allocations: {cpu_quota: 0.1}}\n")
    file.chmod(0o666)

    assert given_to(allocator) == before
    assert "is not UTF-8" in caplog.text
    assert "everybody may write it" in caplog.text


def test_a_missing_file_is_told_once_and_its_rules_do_not_count(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    allocator = StaticAllocator(config=str(file), rules=[{"allocations": {"cpu_shares": 1}}])
    given_to(allocator)
    file.unlink()

    found = [given_to(allocator) for _ in range(2)]

    assert found[0] == found[1] == {task.task_id: {"cpu_shares": 1} for task in TASKS}
    assert caplog.text.count("is not there") == 1
