"""The cgroups of a host as one tree, kept from step to step.

In a step without changes each cgroup that may have others in it is looked at in the cheapest way that misses nothing:

| cgroups in it | it is as before if |
|---|---|
| fewer than `FEW` | it has as many links (the kernel counts each directory in it), and those in it have their inodes |
| more | a listing, which tells inodes, is the same |

A cgroup that is made anew has another inode. What is below a container, or below what watches over one, is not looked
at: it belongs to it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import TypeAlias

from wca_core.builtin.local.kind import Kind, kind_of
from wca_core.errors import HostError

DEEPEST = 32
"""Levels that are searched; what is deeper belongs to what is above."""
FEW = 8
"""To list a directory, with all its files, takes as long as to look at about six others."""

Mark: TypeAlias = tuple[int, int]
"""Inode and links of a directory."""
Entry: TypeAlias = tuple[str, int]
"""Name and inode of a directory."""

_numbers = count()


class Cgroup:
    """One cgroup, in all hierarchies that have it."""

    __slots__ = (
        *("children", "directories", "inode", "is_leaf", "kind", "number", "parent", "path", "runs"),
        *("_entries", "_is_counted", "_leaves", "_marks"),
    )

    def __init__(self, path: str, directories: Sequence[str], inode: int, parent: Cgroup | None) -> None:
        self.path = path
        self.directories = directories
        """Where it is seen, in each hierarchy that has it."""
        self.inode = inode
        """Of the first of these directories."""
        self.parent = parent
        self.kind = kind_of(path)
        self.is_leaf = self.kind in (Kind.CONTAINER, Kind.HELPER) or path.count("/") >= DEEPEST
        """Whether what is below belongs to it."""
        self.number = next(_numbers)
        """Larger than that of every cgroup met before."""
        self.children: dict[str, Cgroup] = {}
        self.runs: bool | None = None
        """Whether it holds processes; None: not known. Kept here by `Occupancy`."""
        self._marks: Sequence[Mark] = ()
        self._entries: Sequence[Sequence[Entry]] = ()
        self._leaves: Sequence[tuple[str, int]] = ()
        self._is_counted = False

    def with_all_below(self) -> Iterator[Cgroup]:
        """Those above before those below."""
        yield self
        for child in self.children.values():
            yield from child.with_all_below()

    def is_as_before(self) -> bool:
        """Whether it is there, and the very same cgroups are in it as when it was renewed."""
        if not self._is_counted:
            return [_entries(directory) for directory in self.directories] == self._entries
        try:
            return [_mark(directory) for directory in self.directories] == self._marks and all(
                os.stat(directory).st_ino == inode for directory, inode in self._leaves
            )
        except OSError:
            return False

    def renew(self) -> None:
        """Find out which cgroups are in it.

        A directory that is listed while others are removed from it may leave out one that stands (kernfs goes on from
        where the removed one was), so one that was known is looked for by its name before it counts as gone.
        """
        self._marks = [_mark_if_there(directory) for directory in self.directories]
        self._entries = [_entries(directory) for directory in self.directories]
        found: dict[str, tuple[int, list[str]]] = {}
        for directory, entries in zip(self.directories, self._entries, strict=True):
            for name, inode in entries:
                found.setdefault(name, (inode, []))[1].append(f"{directory}/{name}")
        for name in [name for name, child in self.children.items() if name not in found and not child.is_there()]:
            del self.children[name]
        for name, (inode, directories) in found.items():
            self._meet(name, inode, directories)
        counts = [links - 2 for _, links in self._marks]
        self._is_counted = len(self.children) < FEW and counts == list(map(len, self._entries))
        leaves = (child for child in self.children.values() if child.is_leaf)
        self._leaves = [(leaf.directories[0], leaf.inode) for leaf in leaves]

    def is_there(self) -> bool:
        return any(map(os.path.isdir, self.directories))

    def _meet(self, name: str, inode: int, directories: list[str]) -> None:
        child = self.children.get(name)
        if child is not None and child.inode == inode and child.directories == directories:
            return
        if child is None or child.inode != inode:
            child = self.children[name] = Cgroup(f"{self.path.rstrip('/')}/{name}", directories, inode, self)
        child.directories = directories
        if not child.is_leaf:
            child.renew()


class CgroupTree:
    """All cgroups of some hierarchies, merged by their paths."""

    def __init__(self, roots: Iterable[str]) -> None:
        """`roots`: the directory of the root cgroup in each hierarchy."""
        self.root = Cgroup("/", tuple(roots), 0, None)
        self._watched = [self.root]

    def look(self) -> bool:
        """Notice what came or went since the last look; whether anything may have.

        Raises `HostError` if the hierarchies are not there any more.
        """
        changed = [cgroup for cgroup in self._watched if not cgroup.is_as_before()]
        if not changed:
            return False
        if not self.root.is_there():
            raise HostError(
                f"{' and '.join(self.root.directories)}: cgroups expected, but no directory is there any more"
            )
        for cgroup in changed:
            if cgroup.parent is not None:
                cgroup.parent.renew()  # it may be gone, or another one of its name
            cgroup.renew()
        self._watched = [cgroup for cgroup in self.root.with_all_below() if not cgroup.is_leaf]
        return True


def _mark(directory: str) -> Mark:
    """Raises `OSError`."""
    status = os.stat(directory)
    return status.st_ino, status.st_nlink


def _mark_if_there(directory: str) -> Mark:
    try:
        return _mark(directory)
    except OSError:
        return 0, 0


def _entries(directory: str) -> list[Entry]:
    """The directories in one, as the kernel orders them; none of one that is gone or closed to us."""
    try:
        with os.scandir(directory) as entries:
            return [(entry.name, entry.inode()) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
