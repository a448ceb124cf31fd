"""The cgroups below a cgroup, as tasks named in the configuration need them: in which trees, with which controllers."""

from __future__ import annotations

import os
from dataclasses import dataclass

from wca_core.host import Host
from wca_core.linux.files import read_file

NEEDED_V1 = ("cpu", "cpuacct", "memory")
NEEDED_V2 = frozenset({"cpu", "memory"})


@dataclass(frozen=True, slots=True)
class Listing:
    """What is in the directories of one cgroup, files and cgroups alike: cheap to get and to compare."""

    by_tree: tuple[tuple[str, str, tuple[str, ...]], ...]
    """The tree in words, the directory, its entries as the kernel orders them."""
    not_passed_on: tuple[str, ...] = ()
    """Controllers that its children do not have; on v2 the parent decides."""

    @classmethod
    def of(cls, host: Host, parent: str) -> Listing:
        hierarchies = host.hierarchies
        if hierarchies.v1:
            directories = [(controller, host.cgroup_directory(controller, parent)) for controller in NEEDED_V1]
            return cls(tuple((f"the tree of {name}", path or "", _entries(path)) for name, path in directories))
        assert hierarchies.unified is not None  # one of the two is there, else there are no hierarchies
        directory = hierarchies.unified.at(parent)
        missing = NEEDED_V2 - _words(f"{directory}/cgroup.subtree_control")
        return cls((("the unified tree", directory, _entries(directory)),), tuple(sorted(missing)))


class Children:
    """The cgroups directly below one, as all trees that tasks must be in have them.

    Those `known` are looked for by name where a listing lacks them: a directory that is listed while others are
    removed from it may leave out one that stands (kernfs goes on from where the removed one was).
    """

    def __init__(self, parent: str, listing: Listing, known: frozenset[str]) -> None:
        names = [path.rpartition("/")[2] for path in known if path.rpartition("/")[0] == parent]
        self.parent = parent
        self._not_passed_on = listing.not_passed_on
        self._by_tree = {
            tree: frozenset(name for name in {*entries, *names} if os.path.isdir(f"{directory}/{name}"))
            for tree, directory, entries in listing.by_tree
        }

    @property
    def names(self) -> frozenset[str]:
        """Those that lack nothing."""
        if self._not_passed_on or not self._by_tree:
            return frozenset()
        return frozenset.intersection(*self._by_tree.values())

    def lack(self, name: str) -> str | None:
        """Why the child is no task; None if it is one."""
        for tree, names in self._by_tree.items():
            if name not in names:
                return f"there is no cgroup {self.parent}/{name} in {tree}"
        if self._not_passed_on:
            words = " ".join(f"+{controller}" for controller in self._not_passed_on)
            return f"controllers are not enabled (echo '{words}' > cgroup.subtree_control of {self.parent or '/'})"
        return None


def has_processes(host: Host, path: str) -> bool:
    """Whether a cgroup holds a process directly, in any tree that tasks must be in."""
    directories = {host.cgroup_directory(controller, path) for controller in NEEDED_V1}
    return any(_words(f"{directory}/cgroup.procs") for directory in directories if directory)


def _entries(directory: str | None) -> tuple[str, ...]:
    """The names in a directory; none if it is not there."""
    if directory is None:
        return ()
    try:
        return tuple(os.listdir(directory))
    except OSError:
        return ()


def _words(file: str) -> frozenset[str]:
    try:
        return frozenset(read_file(file).decode(errors="replace").split())
    except OSError:
        return frozenset()
