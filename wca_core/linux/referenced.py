"""How much memory a process has accessed since that was last forgotten: proc_pid_smaps(5), proc_pid_clear_refs(5).

The kernel walks all page tables of the process for each reading and each forgetting.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping

from wca_core.linux.cgroup import parse_process_cgroups
from wca_core.linux.seq_file import read_list

_REFERENCED = re.compile(rb"^Referenced:\s+(\d+) kB$", re.MULTILINE)


def parse_referenced(text: bytes) -> int:
    """The referenced memory of `smaps` or `smaps_rollup` [bytes]; 0 of a kernel thread, which has no text.

    Raises `ValueError`.
    """
    found = _REFERENCED.findall(text)
    if text and not found:
        raise ValueError(f"lines like 'Referenced: 0 kB' expected, found {text[:80]!r}")
    return 1024 * sum(map(int, found))


def read_referenced(proc: str, process: int) -> int:
    """Memory that a process has referenced [bytes]. Raises `OSError`, `ValueError`."""
    try:
        return parse_referenced(read_list(f"{proc}/{process}/smaps_rollup"))
    except FileNotFoundError:
        return parse_referenced(read_list(f"{proc}/{process}/smaps"))  # before Linux 4.14, or the process has ended


def forget_referenced(proc: str, process: int, is_right: Callable[[Mapping[str, str]], bool]) -> bool:
    """Forget which memory a process has referenced, if its cgroups by controller are right. Raises `OSError`.

    The directory is opened first and stays that of one process: an id that was given to another one meanwhile
    is noticed by its cgroups, and one that is given away later fails.
    """
    directory = os.open(f"{proc}/{process}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        cgroups = parse_process_cgroups(read_list("cgroup", directory).decode(errors="surrogateescape"))
        if not is_right(cgroups):
            return False
        descriptor = os.open("clear_refs", os.O_WRONLY | os.O_CLOEXEC, dir_fd=directory)
        try:
            os.write(descriptor, b"1\n")
        finally:
            os.close(descriptor)
    finally:
        os.close(directory)
    return True
