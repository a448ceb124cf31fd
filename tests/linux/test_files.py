"""Kernel files that stay open: budget, whole reads, clean failures."""

import errno
import os
from pathlib import Path

import pytest

from wca_core.errors import HostError
from wca_core.linux.files import LARGEST, FileSet, OpenFiles, is_gone, read_file, read_text


def made(folder: Path, *names: str) -> list[str]:
    for name in names:
        (folder / name).write_text(name)
    return [str(folder / name) for name in names]


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_files_stay_open_while_the_budget_allows(tmp_path: Path) -> None:
    budget = OpenFiles(3)

    first = FileSet(budget, made(tmp_path, "a", "b"))
    second = FileSet(budget, made(tmp_path, "c", "d"))

    assert len(first.descriptors) == budget.count == 2
    assert second.descriptors == []
    first.close()
    second.close()


def test_a_set_beyond_the_budget_is_opened_for_one_round(tmp_path: Path) -> None:
    before = open_descriptors()
    files = FileSet(OpenFiles(0), made(tmp_path, "a", "b"))

    texts = [os.pread(descriptor, 10, 0) for descriptor in files.borrow()]
    files.give_back()

    assert texts == [b"a", b"b"]
    assert open_descriptors() == before


def test_closing_gives_the_budget_back_and_may_be_done_twice(tmp_path: Path) -> None:
    before = open_descriptors()
    budget = OpenFiles(2)
    files = FileSet(budget, made(tmp_path, "a", "b"))

    files.close()
    files.close()

    assert budget.count == 0
    assert open_descriptors() == before


def test_if_one_file_cannot_be_opened_none_stays_open(tmp_path: Path) -> None:
    before = open_descriptors()
    budget = OpenFiles(10)

    with pytest.raises(FileNotFoundError):
        FileSet(budget, [*made(tmp_path, "a"), str(tmp_path / "missing")])

    assert budget.count == 0
    assert open_descriptors() == before


def test_a_set_without_files_is_allowed() -> None:
    files = FileSet(OpenFiles(0), [])

    assert files.borrow() == []
    files.close()


@pytest.mark.parametrize("maximum", [0, 10])
def test_texts_are_those_of_the_files_as_they_are_now(tmp_path: Path, maximum: int) -> None:
    before = open_descriptors()
    files = FileSet(OpenFiles(maximum), made(tmp_path, "a", "b"))
    assert files.texts() == [b"a", b"b"]

    (tmp_path / "b").write_bytes(b"x" * 100_000)

    assert [*map(len, files.texts())] == [1, 100_000]
    assert [*map(len, files.texts())] == [1, 100_000]
    files.close()
    assert open_descriptors() == before


@pytest.mark.parametrize("size", [0, 1, 16383, 16384, 16385, 1_000_000])
def test_a_file_is_read_whole_whatever_its_size(tmp_path: Path, size: int) -> None:
    (tmp_path / "file").write_bytes(b"x" * size)

    assert len(read_file(str(tmp_path / "file"))) == size


def test_a_file_larger_than_any_kernel_file_is_refused(tmp_path: Path) -> None:
    with open(tmp_path / "file", "wb") as file:
        file.truncate(16 * LARGEST)

    with pytest.raises(OSError) as caught:
        read_file(str(tmp_path / "file"))

    assert caught.value.errno == errno.EFBIG


def test_a_text_that_cannot_be_read_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=f"{tmp_path}: cannot be read: Is a directory"):
        read_text(str(tmp_path))


def test_bytes_that_are_no_utf8_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"a\xff")

    assert read_text(str(tmp_path / "file")) == "a\ufffd"


def test_what_says_that_the_cgroup_is_gone() -> None:
    gone = [number for number in (errno.ENODEV, errno.ENOENT, errno.EACCES, errno.EIO) if is_gone(OSError(number, ""))]

    assert gone == [errno.ENODEV, errno.ENOENT]
