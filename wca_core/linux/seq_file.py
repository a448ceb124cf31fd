"""Kernel files that do not come in one read: they give whole lines, about a page of them at a time.

Documentation/filesystems/seq_file.rst of the kernel. Lists (processes, maps, counters) are such files; a file that
is made by one call, like those of sysfs and most of cgroups, is not.
"""

from __future__ import annotations

import errno
import os

from wca_core.linux.files import LARGEST, open_file

PART = 1 << 17
"""Larger than what the kernel gives at once, so that no line is cut."""


def read_parts(descriptor: int) -> bytes:
    """All lines, read on until there are no more. Raises `OSError` (EFBIG) beyond `LARGEST`.

    The parts may be of different moments; a line is of one.
    """
    whole = os.pread(descriptor, PART, 0)
    while part := os.pread(descriptor, PART, len(whole)):
        whole += part
        if len(whole) > LARGEST:
            raise OSError(errno.EFBIG, f"larger than {LARGEST} bytes, which no kernel file is")
    return whole


def read_list(path: str, directory: int | None = None) -> bytes:
    """The whole of such a file, opened for this one read. `path` may count from an open directory. Raises `OSError`."""
    descriptor = open_file(path) if directory is None else os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
    try:
        return read_parts(descriptor)
    finally:
        os.close(descriptor)
