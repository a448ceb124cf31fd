"""A write to one file of a cgroup, and back.

A file of the kernel takes its new content in one write(2) and answers with an error for that call or not at all, so
each `do` opens, writes once and closes. Opened as a shell's `>` does, without making a file: cgroups ignore
truncation, and a fake machine made of files needs it.

A write of no bytes never reaches the kernel's handler (it returns 0 and changes nothing), so a blank list of ids is
written as the line feed that reading it gives.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from wca_core.errors import ContractError
from wca_core.linux.files import is_gone, read_file
from wca_core.model.write import Change, Record
from wca_core.spelling import SPELLINGS, is_same


@dataclass(frozen=True, slots=True)
class FileWrite:
    """New content for one file. Raises `ContractError` for a spelling that is none of `wca_core.spelling.SPELLINGS`."""

    kind: ClassVar[str] = "file"
    reversible: ClassVar[bool] = True

    place: str
    """The file's absolute path."""
    content: bytes
    """As it is written."""
    change: Change | None = None
    gives: bool = False
    spelling: str = "text"

    def __post_init__(self) -> None:
        if self.spelling not in SPELLINGS:
            raise ContractError(f"{self.place}: a spelling of {', '.join(SPELLINGS)} expected, found {self.spelling!r}")

    def read(self) -> bytes:
        return read_file(self.place)

    def do(self) -> None:
        write_once(self.place, self.content)

    def undo(self, old: bytes) -> None:
        """A list that was blank is written as the parent's where the kernel refuses a blank one; see `is_back`."""
        try:
            write_once(self.place, old)
        except OSError as error:
            if not (self._inherited(old) and error.errno == errno.ENOSPC):
                raise
            write_once(self.place, self._of_parent())

    def is_back(self, old: bytes, found: bytes) -> bool:
        """On v2 a cpuset with processes that once had a list of its own cannot inherit again: the same list must do."""
        return self._inherited(old) and is_same(self.spelling, self._of_parent(), found)

    def verify(self, read_back: bytes) -> bool:
        return is_same(self.spelling, self.content, read_back)

    def _inherited(self, old: bytes) -> bool:
        return self.spelling == "ids" and not old.strip() and os.path.exists(f"{self.place}.effective")

    def _of_parent(self) -> bytes:
        directory, name = os.path.split(self.place)
        return read_file(f"{os.path.dirname(directory)}/{name}.effective")

    def record(self) -> Record:
        """With the identity of the directory: a cgroup of the same name made later is another. Raises `OSError`."""
        return {
            "place": self.place,
            **directory_identity(self.place),
            "content": self.content.decode("latin-1"),
            "spelling": self.spelling,
        }

    @classmethod
    def from_record(cls, record: Record) -> FileWrite | None:
        place, spelling = _text(record, "place"), _text(record, "spelling")
        try:
            content = _text(record, "content").encode("latin-1")
        except UnicodeEncodeError as error:
            raise ContractError(f"{place}: content of single bytes expected, found {record['content']!r}") from error
        return cls(place, content, spelling=spelling) if is_same_directory(record, place) else None


def write_once(path: str, content: bytes) -> None:
    """Give a file that exists this content with one write(2). Raises `OSError`, EIO if the kernel took only a part."""
    whole = content if content.strip() else b"\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
    try:
        if os.write(descriptor, whole) != len(whole):
            raise OSError(errno.EIO, "only a part was taken", path)
    finally:
        os.close(descriptor)


def directory_identity(path: str) -> Record:
    """Of the directory that a file is in, for a record. Raises `OSError`."""
    found = os.stat(os.path.dirname(path))
    return {"inode": found.st_ino, "device": found.st_dev}


def is_same_directory(record: Record, path: str) -> bool:
    """Whether the directory that a file is in is the one of a record.

    Raises `OSError`, with EXDEV if not even the file system is seen that it was in: another root, another container.
    What was there may still be there, so nobody may take it for gone.
    """
    try:
        return directory_identity(path)["inode"] == record.get("inode")
    except OSError as error:
        if not is_gone(error):
            raise
    device = record.get("device")
    if device is not None and device != _nearest(os.path.dirname(path)).st_dev:
        raise OSError(errno.EXDEV, "the file system that it was in is not seen here", path)
    return False


def _nearest(directory: str) -> os.stat_result:
    """Of the nearest directory above that there is."""
    while True:
        directory = os.path.dirname(directory)
        try:
            return os.stat(directory)
        except OSError as error:
            if not is_gone(error) or directory in ("", "/"):
                raise


def _text(record: Mapping[str, str | int], field: str) -> str:
    value = record.get(field)
    if not isinstance(value, str):
        raise ContractError(f"record of a write of kind 'file': {field}: text expected, found {value!r}")
    return value
