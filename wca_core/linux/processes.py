"""Which processes and threads are in a cgroup, and where a process is: cgroups(7), proc(5).

The lists are unsorted, may name an id twice while tasks move, and have 0 for those not visible in our PID namespace.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator

from wca_core.linux.files import is_gone, read_file
from wca_core.linux.seq_file import read_list

DEEPEST = 16

_THREAD_GROUP = re.compile(rb"^Tgid:\s*(\d{1,10})$", re.MULTILINE)


def parse_ids(text: bytes) -> set[int]:
    """The ids of `cgroup.procs`, `cgroup.threads` and `tasks`, with 0. Raises `ValueError`."""
    return set(map(int, text.split()))


def read_processes(directory: str, proc: str) -> set[int]:
    """The processes directly in a cgroup. Raises `OSError`, `ValueError`."""
    try:
        return parse_ids(read_list(f"{directory}/cgroup.procs"))
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
    threads = parse_ids(read_list(f"{directory}/cgroup.threads"))  # a threaded cgroup of v2 tells of threads only
    return {group for thread in threads if (group := read_thread_group(proc, thread)) is not None}


def read_threads(directory: str) -> set[int]:
    """The threads directly in a cgroup, v1 or v2. Raises `OSError`, `ValueError`."""
    try:
        return parse_ids(read_list(f"{directory}/cgroup.threads"))
    except FileNotFoundError:
        return parse_ids(read_list(f"{directory}/tasks"))


def parse_thread_group(status: bytes) -> int | None:
    """The process that a thread belongs to, from its `/proc/TID/status`."""
    found = _THREAD_GROUP.search(status)
    return int(found[1]) if found else None


def read_thread_group(proc: str, thread: int) -> int | None:
    """As `parse_thread_group`; 0 for 0, None for a thread that has ended. Raises `OSError`."""
    try:
        return parse_thread_group(read_file(f"{proc}/{thread}/status")) if thread else 0
    except OSError as error:
        if is_gone(error):
            return None
        raise


def subtree(directory: str, depth: int = DEEPEST) -> Iterator[str]:
    """A cgroup's directory and those below it, as many as there are while one looks."""
    yield directory
    try:
        if depth == 0 or os.stat(directory).st_nlink == 2:  # each directory below would add one, its `..`
            return
        with os.scandir(directory) as entries:
            below = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return  # gone meanwhile
    for child in below:
        yield from subtree(child, depth - 1)
