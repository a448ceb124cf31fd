"""The names of groups."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_rdt.resctrl.names import LONGEST, free_name, group_name

PATHS = st.text(st.characters(blacklist_characters="\0\n", codec="utf-8"), max_size=400).map(lambda text: f"/{text}")


def test_a_group_is_named_after_the_cgroup() -> None:
    assert group_name("/kubepods/burstable/podX") == "kubepods-burstable-podX"


def test_a_name_of_255_bytes_is_kept() -> None:
    assert group_name(f"/{'x' * 255}") == "x" * 255


def test_a_longer_name_ends_in_a_hash_of_all_of_it() -> None:
    name = "x" * 256

    assert group_name(f"/{name}") == f"{'x' * 190}-{sha256(name.encode()).hexdigest()[:16]}"


def test_a_long_name_is_not_cut_within_a_character() -> None:
    name = "x" + "ä" * 150

    assert group_name(f"/{name}").startswith("x" + "ä" * 94 + "-")


def test_a_second_task_of_the_same_name_gets_a_hash() -> None:
    first = free_name("/a/b", ())
    second = free_name("/a-b", {first})

    assert (first, second) == ("a-b", f"a-b-{sha256(b'/a-b').hexdigest()[:16]}")


def test_a_third_task_of_the_same_name_gets_another() -> None:
    first = free_name("/a/b/c", ())
    second = free_name("/a-b/c", {first})

    assert len({first, second, free_name("/a/b-c", {first, second})}) == 3


@pytest.mark.parametrize("name", ["info", "mon_groups", "mon_data"])
def test_no_group_is_named_as_the_kernel_names_its_own(name: str) -> None:
    assert free_name(f"/{name}", ()).startswith(f"{name}-")


@given(PATHS)
def test_every_cgroup_has_a_name_that_a_directory_can_have(path: str) -> None:
    name = group_name(path)

    assert 0 < len(name.encode()) <= LONGEST
    assert "/" not in name


@given(st.lists(PATHS, unique=True))
def test_no_two_tasks_have_one_name(paths: list[str]) -> None:
    taken: list[str] = []
    for path in {f"/{path.strip('/')}" for path in paths}:
        taken.append(free_name(path, taken))

    assert len(taken) == len(set(taken))
