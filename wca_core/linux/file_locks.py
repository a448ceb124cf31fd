"""Who holds a lock on a file: `/proc/locks`, see proc_locks(5).

1: FLOCK  ADVISORY  WRITE 4711 00:18:905 0 EOF
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from wca_core.linux.files import is_gone
from wca_core.linux.seq_file import read_list

_LINE = re.compile(rb"^\d+: FLOCK +\S+ +WRITE +(-?\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) ", re.MULTILINE)


class FileId(NamedTuple):
    """A file, whatever its names are."""

    major: int
    minor: int
    inode: int


def parse_flocks(text: bytes) -> dict[FileId, int]:
    """The process that holds the exclusive flock(2) of each file; waiting ones are no holders."""
    return {
        FileId(int(major, 16), int(minor, 16), int(inode)): int(process)
        for process, major, minor, inode in _LINE.findall(text)
    }


def flock_holder(proc: str, path: str) -> int | None:
    """The process that holds the exclusive lock of a file; None if nobody does, or there is no such file.

    Only looks, so it keeps nobody from taking the lock. Raises `OSError`.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        if is_gone(error):
            return None
        raise
    known = FileId(os.major(status.st_dev), os.minor(status.st_dev), status.st_ino)
    return parse_flocks(read_list(f"{proc}/locks")).get(known)
