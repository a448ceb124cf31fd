"""Which cgroups hold processes.

Looked up when a cgroup is first asked about, and again in each step for some: what starts in an empty one should be
seen soon, above all in one that was just made, and what has ended may be seen later.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextlib import suppress

from wca_core.builtin.local.kind import Kind
from wca_core.builtin.local.tree import Cgroup
from wca_core.linux.files import open_file, read_file
from wca_core.linux.processes import subtree

YOUNGEST = 8
"""Of the empty ones, those made last: looked at in each step."""
EMPTY = 8
"""Of the other empty ones: so many in each step, in turn."""
OCCUPIED = 4

_WITH_ALL_BELOW = (Kind.CONTAINER, Kind.UNIT)


class Occupancy:
    """Remembers, on each `Cgroup`, whether processes are in it."""

    def __init__(self) -> None:
        self._asked: dict[str, Cgroup] = {}
        self._youngest: Sequence[Cgroup] = ()
        self._empty = _Turns(EMPTY)
        self._occupied = _Turns(OCCUPIED)

    def forget_questions(self) -> None:
        """Only what is asked from now on is looked at again."""
        self._asked.clear()

    def runs(self, cgroup: Cgroup) -> bool:
        """Whether there are processes: in a container or unit with all below, in any other directly."""
        if cgroup.runs is None:
            cgroup.runs = _runs(cgroup)
        self._asked[cgroup.path] = cgroup
        return cgroup.runs

    def settle(self) -> None:
        """All that matters was asked."""
        empty = sorted((cgroup for cgroup in self._asked.values() if not cgroup.runs), key=lambda cgroup: cgroup.number)
        self._youngest = empty[-YOUNGEST:]
        self._empty.take(empty[:-YOUNGEST])
        self._occupied.take([cgroup for cgroup in self._asked.values() if cgroup.runs])

    def look_again(self) -> bool:
        """Look at those whose turn it is; whether any is not as before."""
        is_changed = False
        for cgroup in (*self._youngest, *self._empty.next(), *self._occupied.next()):
            runs = _runs(cgroup)
            is_changed |= runs is not cgroup.runs
            cgroup.runs = runs
        return is_changed


class _Turns:
    """Gives some of its members at a time, each as often as any other."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._members: Sequence[Cgroup] = ()
        self._at = 0

    def take(self, members: Sequence[Cgroup]) -> None:
        self._members = members

    def next(self) -> Sequence[Cgroup]:
        if len(self._members) <= self._size:
            return self._members
        start = self._at % len(self._members)
        self._at = start + self._size
        return self._members[start : self._at]


def _runs(cgroup: Cgroup) -> bool:
    if cgroup.kind in _WITH_ALL_BELOW:
        return any(map(_holds_processes_below, cgroup.directories))
    return any(map(holds_processes, cgroup.directories))


def holds_processes(directory: str) -> bool:
    """Whether a process is directly in a cgroup, or a thread where the cgroup is threaded."""
    try:
        return _has_content(f"{directory}/cgroup.procs")
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            return False  # gone meanwhile
    with suppress(OSError):
        return _has_content(f"{directory}/cgroup.threads")
    return False


def _holds_processes_below(directory: str) -> bool:
    with suppress(OSError):  # cgroup v1 has no such file
        return b"populated 1" in read_file(f"{directory}/cgroup.events")
    return any(map(holds_processes, subtree(directory)))


def _has_content(file: str) -> bool:
    """Raises `OSError`."""
    descriptor = open_file(file)
    try:
        return bool(os.read(descriptor, 1))
    finally:
        os.close(descriptor)
