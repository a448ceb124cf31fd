"""Memory of this process and of its live children, whatever root the host is seen at.

The kernel lists children by the thread that started them, in `/proc/self/task/TID/children` (proc(5),
CONFIG_PROC_CHILDREN); without that list the children are not counted.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress

from wca_core.linux.files import open_file, read_file

PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
SIZE = 4096


class OwnMemory:
    """Files that stay open: one, and one more for each thread."""

    def __init__(self) -> None:
        self._descriptors: dict[str, int] = {}

    def resident(self) -> int:
        """Resident memory of all these processes together [bytes]. Raises `OSError`, `ValueError`."""
        pages = parse_resident(self._read("/proc/self/statm"))
        for child in self._children():
            with suppress(OSError, ValueError):  # it has just ended
                pages += parse_resident(read_file(f"/proc/{child}/statm"))
        return pages * PAGE_SIZE

    def close(self) -> None:
        """Let go of the files. May be called twice."""
        for path in list(self._descriptors):
            self._forget(path)

    def _children(self) -> Iterator[int]:
        lists = [f"/proc/self/task/{thread.native_id}/children" for thread in threading.enumerate()]
        for gone in self._descriptors.keys() - {"/proc/self/statm", *lists}:
            self._forget(gone)
        for path in lists:
            with suppress(OSError):
                yield from map(int, self._read(path).split())

    def _read(self, path: str) -> bytes:
        if path not in self._descriptors:
            self._descriptors[path] = open_file(path)
        try:
            return os.pread(self._descriptors[path], SIZE, 0)
        except OSError:
            self._forget(path)  # of a thread that has ended; its number may be that of another one
            raise

    def _forget(self, path: str) -> None:
        os.close(self._descriptors.pop(path))


def parse_resident(text: bytes) -> int:
    """Resident pages, of `/proc/PID/statm`. Raises `ValueError`."""
    words = text.split()
    if len(words) < 2:
        raise ValueError(f"resident pages expected in {text[:80]!r}")
    return int(words[1])
