"""Limits of this process: `/proc/self/limits`, see proc_pid_limits(5) and getrlimit(2)."""

from __future__ import annotations

import re
import resource

from wca_core.linux.files import read_file

_OPEN_FILES = re.compile(rb"^Max open files +(\d+|unlimited) +(\d+|unlimited)", re.MULTILINE)

UNLIMITED = 1 << 62


def parse_open_files_limit(limits: bytes) -> int:
    """The hard limit of open files. Raises `ValueError`."""
    found = _OPEN_FILES.search(limits)
    if found is None:
        raise ValueError("a line 'Max open files' expected")
    return UNLIMITED if found[2] == b"unlimited" else int(found[2])


def read_open_files_limit(proc: str) -> int:
    """The hard limit of open files of this process, as the /proc of a machine tells it. Raises `ValueError`."""
    try:
        return parse_open_files_limit(read_file(f"{proc}/self/limits"))
    except OSError:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        return UNLIMITED if hard == resource.RLIM_INFINITY else hard
