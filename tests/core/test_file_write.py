"""A write to one file: real files, and devices that refuse."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unreliable import change_of, write_of
from wca_core.errors import ContractError
from wca_core.file_write import FileWrite
from wca_core.write_kinds import InstalledKinds


def test_a_file_gets_the_content_and_gets_back_what_it_had(tmp_path: Path) -> None:
    path = tmp_path / "cpu.shares"
    path.write_text("262144\n")
    write = write_of(path, "2", spelling="shares")

    old = write.read()
    write.do()
    assert path.read_bytes() == b"2"
    assert write.verify(write.read())
    write.undo(old)

    assert path.read_bytes() == b"262144\n"


def test_no_file_is_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_of(tmp_path / "missing", "1").do()

    assert list(tmp_path.iterdir()) == []


def test_what_the_kernel_says_is_raised_as_it_is() -> None:
    with pytest.raises(OSError) as raised:
        FileWrite("/dev/full", b"1").do()

    assert raised.value.errno == errno.ENOSPC


def test_a_directory_in_the_place_of_the_file_refuses(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write_of(tmp_path, "1").do()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write any file")
def test_a_file_without_permission_refuses(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("1")
    path.chmod(0o400)

    with pytest.raises(PermissionError):
        write_of(path, "2").do()


def test_an_empty_list_is_written_as_a_line_since_no_bytes_would_be_no_write(tmp_path: Path) -> None:
    path = tmp_path / "cpuset.cpus"
    path.write_text("0-3\n")

    write_of(path, "", spelling="ids").do()

    assert path.read_bytes() == b"\n"


@given(content=st.binary(max_size=20), spelling=st.sampled_from(["text", "number", "ids"]))
def test_a_write_is_the_same_after_its_record(content: bytes, spelling: str) -> None:
    write = FileWrite("/proc/self/comm", content, spelling=spelling)

    assert FileWrite.from_record(write.record()) == write


def test_a_directory_made_again_under_the_same_name_is_another(tmp_path: Path) -> None:
    directory = tmp_path / "cgroup"
    directory.mkdir()
    record = write_of(directory / "file", "1").record()
    keep_the_inode_from_being_used_again = directory.rename(tmp_path / "old")
    directory.mkdir()

    assert FileWrite.from_record(record) is None
    assert keep_the_inode_from_being_used_again.exists()


def test_a_directory_that_is_gone_makes_no_write(tmp_path: Path) -> None:
    record = {**write_of(tmp_path / "file", "1").record(), "place": str(tmp_path / "gone" / "file")}

    assert FileWrite.from_record(record) is None


@pytest.mark.parametrize("broken", [{"place": 1}, {"content": None}, {"spelling": "riddle"}, {"content": "\u2603"}])
def test_a_record_of_another_kind_is_refused(tmp_path: Path, broken: dict[str, str | int]) -> None:
    record = {**write_of(tmp_path / "file", "1").record(), **broken}

    with pytest.raises(ContractError):
        FileWrite.from_record(record)


def test_an_unknown_spelling_is_refused_before_anything_is_written() -> None:
    with pytest.raises(ContractError, match=r"a spelling of text, number.*found 'riddle'"):
        FileWrite("/dev/null", b"1", change_of("a"), spelling="riddle")


def test_the_kind_is_installed() -> None:
    assert InstalledKinds()["file"] is FileWrite
