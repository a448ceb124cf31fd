"""Attributes of /sys: what is missing is None, what makes no sense is an error with its path."""

from pathlib import Path

import pytest

from wca_core.errors import HostError
from wca_core.linux.sysfs import numbered, read_attribute, read_list, read_number


@pytest.mark.parametrize(("text", "number"), [("7\n", 7), ("-1", -1), (" 0x413fd0c1 ", 0x413FD0C1), ("007\n", 7)])
def test_a_number_is_decimal_or_hexadecimal(tmp_path: Path, text: str, number: int) -> None:
    (tmp_path / "file").write_text(text)

    assert read_number(f"{tmp_path}/file") == number


@pytest.mark.parametrize("text", ["", "\n", "seven", "1 2", "0x", "0xg"])
def test_what_is_no_number_is_an_error_with_its_path(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text)

    with pytest.raises(HostError, match=f"{tmp_path}/file: a number expected"):
        read_number(f"{tmp_path}/file")


def test_a_list_that_makes_no_sense_is_an_error_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("3-1")

    with pytest.raises(HostError, match=f"{tmp_path}/file: '3-1' is no range"):
        read_list(f"{tmp_path}/file")


def test_what_is_missing_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("1")

    for path in (f"{tmp_path}/missing", f"{tmp_path}/no/folder", f"{tmp_path}/file/in-a-file"):
        assert read_attribute(path) is read_number(path) is read_list(path) is None


def test_what_cannot_be_read_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=f"{tmp_path}: cannot be read: Is a directory"):
        read_attribute(str(tmp_path))


def test_numbered_entries_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in (
        "node10",
        "node2",
        "node",
        "nodes3",
        "node-1",
        "node\N{ARABIC-INDIC DIGIT ONE}",
        "power",
        "node3x",
        "node9999999999",
    ):
        (tmp_path / name).mkdir()

    assert numbered(str(tmp_path), "node") == {2: f"{tmp_path}/node2", 10: f"{tmp_path}/node10"}
    assert numbered(f"{tmp_path}/missing", "node") == {}
