"""Tasks: what they are made of, and that an unchanged one stays the same object."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.errors import ContractError
from wca_core.model.task import Task, interned
from wca_core.testing import make_task

TASKS = st.builds(
    lambda name, labels: make_task(f"/{name}", labels=labels),
    st.sampled_from("abcd"),
    st.dictionaries(st.sampled_from("xy"), st.sampled_from("12")),
)


def test_an_unchanged_task_is_the_known_object() -> None:
    old = make_task("/a", labels={"x": "1"})

    (task,) = interned([make_task("/a", labels={"x": "1"})], {"/a": old})

    assert task is old


@pytest.mark.parametrize(
    "change",
    [{"labels": {"x": "2"}}, {"name": "other"}, {"resources": {"cpus": 2}}, {"controller_paths": {"cpu": "/"}}],
)
def test_a_changed_task_is_the_new_object(change: dict[str, object]) -> None:
    old, new = make_task("/a"), make_task("/a", **change)

    assert interned([new], {"/a": old}) == [new]
    assert interned([new], {"/a": old})[0] is new


@given(st.lists(TASKS), st.lists(TASKS))
def test_interning_changes_no_task(new: list[Task], old: list[Task]) -> None:
    known = {task.task_id: task for task in old}

    result = interned(new, known)

    assert result == new
    assert all(task is known[task.task_id] for task in result if known.get(task.task_id) == task)


def test_series_that_were_asked_for_do_not_make_tasks_differ() -> None:
    assert make_task("/a") == make_task("/a")


def test_the_containers_are_measured_if_there_are_any() -> None:
    assert make_task("/a").cgroup_paths == ("/a",)
    assert make_task("/a", "/a/1", "/a/2").cgroup_paths == ("/a/1", "/a/2")


def test_every_sample_of_a_task_tells_its_id_and_name() -> None:
    task = make_task("/a", labels={"task_id": "forged", "x": "1"})

    assert task.all_labels == {"x": "1", "task_id": "/a", "task_name": "a"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("task_id", 5), ("task_id", ["a"]), ("name", None), ("cgroup_path", None), ("cgroup_path", b"/a")),
        *(("labels", {"a": 1}), ("labels", {1: "a"}), ("labels", None), ("subcgroups_paths", ("/a", None))),
        *(("subcgroups_paths", "/a"), ("resources", None), ("controller_paths", None)),
    ],
)
def test_a_task_of_wrong_types_cannot_be_made(field: str, value: object) -> None:
    fields = {"task_id": "a", "name": "a", "cgroup_path": "/a", field: value}

    with pytest.raises(ContractError, match=field):
        Task(**fields)  # type: ignore[arg-type]
