"""What is mounted where: `/proc/PID/mountinfo`, see proc_pid_mountinfo(5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wca_core.errors import HostError
from wca_core.linux.seq_file import read_list


@dataclass(frozen=True, slots=True)
class Mount:
    """One line."""

    root: str
    """The directory of the file system that is visible at `point`: `/` unless a part of it is mounted."""
    point: str
    filesystem: str
    super_options: frozenset[str]
    """Of the file system, wherever it is mounted."""
    options: frozenset[str] = frozenset()
    """Of this mount."""

    @property
    def is_read_only(self) -> bool:
        return "ro" in self.options or "ro" in self.super_options


def parse_mountinfo(text: str) -> Iterator[Mount]:
    """The mounts in their order; lines of another form are passed over."""
    for line in text.splitlines():
        before, separator, after = line.partition(" - ")
        left, right = before.split(" "), after.split(" ")
        if separator and len(left) >= 6 and len(right) >= 3:
            yield Mount(
                _unescaped(left[3]),
                _unescaped(left[4]),
                right[0],
                frozenset(right[2].split(",")),
                frozenset(left[5].split(",")),
            )


def mount_table(root: str, proc: str) -> str:
    """The file that tells what is mounted on the machine whose file system is seen at `root`.

    That of its first process where the machine is seen under another root, since our own mounts say nothing about it.
    """
    init = f"{proc}/1/mountinfo"
    return init if root not in ("", "/") and Path(init).exists() else f"{proc}/self/mountinfo"


def read_mounts(root: str, proc: str) -> list[Mount]:
    """The mounts of that machine. Raises `HostError`."""
    table = mount_table(root, proc)
    try:
        return list(parse_mountinfo(read_list(table).decode(errors="replace")))
    except OSError as error:
        raise HostError(f"{table}: cannot be read: {error.strerror}") from error


def _unescaped(field: str) -> str:
    """Blank, tab, newline and backslash stand as `\\ooo` in mountinfo."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
