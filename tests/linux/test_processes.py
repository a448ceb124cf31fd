"""Lists of processes and threads: strings in, ids out; and directories that come and go while they are walked."""

import errno
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.processes import (
    DEEPEST,
    parse_ids,
    parse_thread_group,
    read_processes,
    read_thread_group,
    read_threads,
    subtree,
)
from wca_core.linux.referenced import forget_referenced, parse_referenced, read_referenced
from wca_core.linux.seq_file import read_list


@given(st.lists(st.integers(0, 2**22)))
def test_ids_may_stand_in_any_order_and_twice(ids: list[int]) -> None:
    assert parse_ids("".join(f"{number}\n" for number in ids).encode()) == set(ids)


@given(st.binary())
def test_no_list_at_all_raises_anything_but_value_error(text: bytes) -> None:
    for parse in (parse_ids, parse_thread_group, parse_referenced):
        with suppress(ValueError):
            parse(text)


def test_the_process_of_a_thread_is_its_thread_group(tmp_path: Path) -> None:
    (tmp_path / "8").mkdir()
    (tmp_path / "8/status").write_text("Name:\tTgid:\nUmask:\t0022\nTgid:\t7\nNgid:\t0\n")

    assert read_thread_group(str(tmp_path), 8) == 7
    assert read_thread_group(str(tmp_path), 9) is None


def test_threads_are_in_another_file_on_each_version(tmp_path: Path) -> None:
    for directory, name in (("v1", "tasks"), ("v2", "cgroup.threads")):
        (tmp_path / directory).mkdir()
        (tmp_path / directory / name).write_text("3\n1\n3\n")

        assert read_threads(str(tmp_path / directory)) == {1, 3}


def test_a_cgroup_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_threads(str(tmp_path / "gone"))
    with pytest.raises(FileNotFoundError):
        read_processes(str(tmp_path / "gone"), "/proc")


def test_a_subtree_is_the_directory_and_all_below_it_but_no_links(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "c").mkdir()
    (tmp_path / "a/file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "a")

    found = {os.path.relpath(path, tmp_path) for path in subtree(str(tmp_path))}

    assert found == {".", "a", "a/b", "c"}


def test_a_subtree_has_a_depth(tmp_path: Path) -> None:
    (tmp_path / "/".join("d" * (DEEPEST + 4))).mkdir(parents=True)

    assert len(list(subtree(str(tmp_path)))) == DEEPEST + 1


def test_a_directory_that_vanishes_while_it_is_walked_has_nothing_below(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    walk = subtree(str(tmp_path))
    next(walk)
    first = next(walk)
    os.rename(first, tmp_path.parent / f"{tmp_path.name}-moved")

    assert list(walk) == []


def test_referenced_memory_of_all_mappings_is_summed() -> None:
    assert parse_referenced(b"Rss:  8 kB\nReferenced:   1234 kB\nSwap: 0 kB\nReferenced: 1 kB\n") == 1235 * 1024
    assert parse_referenced(b"") == 0
    with pytest.raises(ValueError, match="Referenced"):
        parse_referenced(b"Rss: 8 kB\n")


def test_without_a_rollup_all_mappings_are_read(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7/smaps").write_text("Referenced: 4 kB\nReferenced: 4 kB\n")
    assert read_referenced(str(tmp_path), 7) == 8192

    (tmp_path / "7/smaps_rollup").write_text("Referenced: 16 kB\n")
    assert read_referenced(str(tmp_path), 7) == 16384


def test_what_is_referenced_is_forgotten_only_if_the_process_is_in_the_right_cgroup(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7/cgroup").write_text("4:memory:/a\n0::/b\n")
    (tmp_path / "7/clear_refs").write_text("")

    assert not forget_referenced(str(tmp_path), 7, lambda cgroups: False)
    assert (tmp_path / "7/clear_refs").read_text() == ""
    assert forget_referenced(str(tmp_path), 7, lambda cgroups: cgroups == {"memory": "/a", "": "/b"})
    assert (tmp_path / "7/clear_refs").read_text() == "1\n"


def test_forgetting_of_a_process_that_ended_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file") as told:
        forget_referenced(str(tmp_path), 7, lambda cgroups: True)

    assert told.value.errno == errno.ENOENT


def test_a_list_longer_than_what_the_kernel_gives_at_once_is_read_to_its_end() -> None:
    mappings = read_list("/proc/self/smaps")

    assert len(mappings) > 8192
    assert b"[stack]" in mappings
    assert mappings.endswith(b"\n")
