"""Nodes written for the older interfaces are discoverers; what is odd about a task costs at most that task."""

from __future__ import annotations

import logging
import string
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca.nodes import Node, Task, TaskSynchronizationException
from wca_compat.task_conversion import task_of

from wca_core import ContractError
from wca_core.model import task as today
from wca_core.registry import Registry
from wca_core.testing import Machine, running

TEXT = st.text(max_size=20)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT | st.integers(), inner, max_size=3),
    max_leaves=8,
)


class Given(Node):
    """Tells what it was given; raises what can be raised."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def get_tasks(self) -> list[Task]:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer  # type: ignore[return-value]


def task(task_id: str = "t1", **fields: Any) -> Task:
    return Task(**{"name": "web", "task_id": task_id, "cgroup_path": f"/{task_id}", **fields})


def test_a_task_is_made_by_position_and_by_name_and_may_be_changed() -> None:
    by_position = Task("web", "t1", "/a", ["/a/b"], {"app": "web"}, {"cpus": 2.0})
    by_name = Task(
        name="web",
        task_id="t1",
        cgroup_path="/a",
        subcgroups_paths=["/a/b"],
        labels={"app": "web"},
        resources={"cpus": 2.0},
    )

    assert by_position == by_name
    assert len({by_position, by_name}) == 1
    by_name.labels["app"] = "other"
    by_name.name = "other"
    assert by_position != by_name
    assert hash(by_position) == hash(by_name)


def test_the_tasks_of_an_older_node_are_ours_and_the_same_objects_while_they_are_the_same(tmp_path: Path) -> None:
    node = Given([task("t1", labels={"app": "web"}, resources={"cpus": 2, "mem": "1024"}, subcgroups_paths=["/t1/c"])])

    with running(Machine(tmp_path), [Registry().as_plugin(node)]) as agent:
        first, second = agent.step(), agent.step()

    (found,) = first.tasks
    assert (found.task_id, found.name, found.cgroup_path, found.subcgroups_paths) == ("t1", "web", "/t1", ("/t1/c",))
    assert found.labels == {"app": "web"}
    assert found.resources == {"cpus": 2, "mem": 1024.0}
    assert second.tasks[0] is found


def test_what_the_component_changes_later_changes_nothing_that_was_measured(tmp_path: Path) -> None:
    kept = task("t1", labels={"app": "web"})

    with running(Machine(tmp_path), [Registry().as_plugin(Given([kept]))]) as agent:
        before = agent.step().tasks[0]
        kept.labels["app"] = "other"
        kept.resources["cpus"] = 1.0
        after = agent.step().tasks[0]

    assert (before.labels, before.resources) == ({"app": "web"}, {})
    assert (after.labels, after.resources) == ({"app": "other"}, {"cpus": 1.0})


@given(st.lists(st.tuples(st.sampled_from(["t1", "t2"]), ANYTHING, ANYTHING, ANYTHING), max_size=6))
def test_what_is_remembered_of_a_task_is_never_told_of_another(answers: list[tuple[Any, ...]]) -> None:
    node = Given([])
    adapter: Any = Registry().as_plugin(node)

    for task_id, labels, resources, containers in answers:
        told = Task("web", task_id, "/t", containers, labels, resources)
        node.answer = [told]
        try:
            wanted = [task_of(told)]
        except ContractError:
            wanted = []
        assert adapter.discover_tasks() == wanted


def test_a_label_that_is_equal_but_reads_otherwise_is_another(tmp_path: Path) -> None:
    kept = task("t1", labels={"number": 1})
    adapter: Any = Registry().as_plugin(Given([kept]))

    (before,) = adapter.discover_tasks()
    kept.labels["number"] = True  # type: ignore[assignment]
    (after,) = adapter.discover_tasks()

    assert (before.labels, after.labels) == ({"number": "1"}, {"number": "True"})


@pytest.mark.parametrize(
    ("given", "path"),
    [("a/b", "/a/b"), ("/a//b/", "/a/b"), ("/a/./b", "/a/b"), ("/", "/"), (Path("/a"), "/a"), ("/a b", "/a b")],
)
def test_a_path_is_one_from_the_root(given: object, path: str) -> None:
    assert task_of(task(cgroup_path=given)).cgroup_path == path


@pytest.mark.parametrize("given", ["", None, "/a/../b", "..", "a\0b", 1, ["/a"], b"/a"])
def test_a_path_that_could_be_anywhere_is_none(given: object) -> None:
    with pytest.raises(ContractError, match=r"task 't1': the path of a cgroup expected, without '\.\.'"):
        task_of(task(cgroup_path=given))
    with pytest.raises(ContractError, match="the path of a cgroup expected"):
        task_of(task(subcgroups_paths=["/a", given]))


def test_what_is_odd_but_harmless_is_put_right() -> None:
    class Colour(str, Enum):  # noqa: UP042  as they were written
        RED = "red"

    odd = Task(
        None,  # type: ignore[arg-type]
        7,  # type: ignore[arg-type]
        "/t",
        None,  # type: ignore[arg-type]
        {"number": 1, 2: "two", "none": None, "list": [1], "colour": Colour.RED},  # type: ignore[dict-item]
        {"cpus": "2.5", "mem": True, "disk": "much", "zone": "a", "ratio": float("nan"), "inner": {}},  # type: ignore[dict-item]
    )

    found = task_of(odd)

    assert (found.task_id, found.name, found.subcgroups_paths) == ("7", "7", ())
    assert found.labels == {"number": "1", "2": "two", "colour": "red"}
    assert {type(label) for label in found.labels.values()} == {str}
    assert found.resources == {"cpus": 2.5, "mem": 1, "zone": "a"}


def test_no_labels_and_no_resources_are_empty_ones() -> None:
    found = task_of(task(labels=None, resources=None))

    assert (found.labels, found.resources) == ({}, {})


def test_anything_with_the_fields_of_a_task_is_one() -> None:
    assert task_of(SimpleNamespace(task_id="t", cgroup_path="/t")) == today.Task(
        task_id="t", name="t", cgroup_path="/t"
    )


@given(st.tuples(*[ANYTHING] * 6))
def test_whatever_stands_in_a_task_it_is_one_of_ours_or_refused(fields: tuple[Any, ...]) -> None:
    try:
        found = task_of(Task(*fields))
    except ContractError:
        return

    assert isinstance(found, today.Task)
    assert found.cgroup_path.startswith("/")
    assert not {"..", "."} & set(found.cgroup_path.split("/"))


@given(
    st.text(string.ascii_letters, min_size=1, max_size=9),
    st.lists(st.text(string.ascii_letters, min_size=1, max_size=5), min_size=1, max_size=4),
    st.dictionaries(TEXT.filter(bool), TEXT, max_size=3),
    st.dictionaries(TEXT.filter(bool), st.integers() | st.floats(allow_nan=False, allow_infinity=False), max_size=3),
)
def test_what_is_right_comes_through_as_it_is(
    task_id: str, parts: list[str], labels: dict[str, str], resources: dict[str, float]
) -> None:
    path = "/" + "/".join(parts)

    found = task_of(Task("name", task_id, path, [f"{path}/c"], labels, resources))  # type: ignore[arg-type]

    assert (found.task_id, found.name, found.cgroup_path, found.subcgroups_paths) == (
        task_id,
        "name",
        path,
        (f"{path}/c",),
    )
    assert (found.labels, found.resources) == (labels, resources)


def test_a_bad_task_costs_only_itself_and_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    node = Given([task("good"), task("bad", cgroup_path="/../x"), None, task("other")])
    caplog.set_level(logging.WARNING, "wca.compat")

    with running(Machine(tmp_path), [Registry().as_plugin(node)]) as agent:
        steps = [agent.step(), agent.step()]

    assert [[one.task_id for one in step.tasks] for step in steps] == [["good", "other"]] * 2
    told = [record.getMessage() for record in caplog.records if record.name == "wca.compat"]
    assert len(told) == 2
    assert "Given: a task is left out: NoneType without a task_id: None" in told
    assert any("task 'bad': the path of a cgroup expected" in one for one in told)


@pytest.mark.parametrize(
    "answer",
    [
        TaskSynchronizationException("the server is away"),
        RuntimeError("a mistake"),
        SystemExit(3),
        None,
        "tasks",
        {"t1": task()},
        5,
    ],
)
def test_while_a_node_fails_its_tasks_are_not_measured_but_not_gone(tmp_path: Path, answer: object) -> None:
    node = Given([task("t1")])

    with running(Machine(tmp_path), [Registry().as_plugin(node)]) as agent:
        (before,) = agent.step().tasks
        good, node.answer = node.answer, answer
        failed = agent.step()
        node.answer = good
        (after,) = agent.step().tasks

    assert list(failed.tasks) == []
    assert after is before


def test_a_generator_of_tasks_is_a_list_of_them(tmp_path: Path) -> None:
    def tasks() -> Any:
        yield task("t1")
        yield task("t2")

    class Lazily(Node):
        get_tasks: Callable[[Any], Any] = staticmethod(tasks)  # type: ignore[assignment]

    with running(Machine(tmp_path), [Registry().as_plugin(Lazily())]) as agent:
        assert [one.task_id for one in agent.step().tasks] == ["t1", "t2"]


def test_a_node_that_is_derived_from_nothing_works_too(tmp_path: Path) -> None:
    class Plain:
        def get_tasks(self) -> list[Task]:
            return [task("t1")]

    with running(Machine(tmp_path), [Registry().as_plugin(Plain())]) as agent:
        assert [one.task_id for one in agent.step().tasks] == ["t1"]
