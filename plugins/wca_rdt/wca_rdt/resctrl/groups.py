"""The groups of a mounted resctrl: directories that are listed, made and removed, and the threads in them.

Control groups say what threads are given; within each, monitoring groups say which are counted together. The root
of the file system is the control group named `""`. Nothing here knows tasks.

Our groups carry a mark: the sticky bit of their directory, which has no other meaning there, needs no privilege
beyond making the group, survives us, and goes with the group. Whoever restarts knows by it what is its own.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from wca_core.linux.processes import parse_ids
from wca_core.linux.seq_file import read_list
from wca_rdt.resctrl.mounted import read_last_status
from wca_rdt.resctrl.names import RESERVED
from wca_rdt.resctrl.traffic import Removed, read_traffic

ROOT = ""
MARKED = 0o1755


class MonGroup(NamedTuple):
    """A monitoring group, by its names."""

    control: str
    name: str


@dataclass(frozen=True, slots=True)
class Groups:
    """All groups at one moment."""

    by_control: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Monitoring groups by control group, the root first, else in order of names."""

    def __len__(self) -> int:
        """As many as are counted: every control group, with the root, and every monitoring group."""
        return len(self.by_control) + sum(map(len, self.by_control.values()))

    def __contains__(self, group: MonGroup) -> bool:
        return group.name in self.by_control.get(group.control, ())

    def __iter__(self) -> Iterator[MonGroup]:
        return (MonGroup(control, name) for control, names in self.by_control.items() for name in names)


class Resctrl:
    """One mounted resctrl."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._made: set[str] = set()
        """Directories that could not be marked, made by us in this run."""
        self.removed = Removed()
        """By which the numbers of control groups fell, since we removed groups in them."""

    def control_directory(self, control: str) -> str:
        return f"{self.path}/{control}" if control else self.path

    def directory(self, group: MonGroup) -> str:
        return f"{self.control_directory(group.control)}/mon_groups/{group.name}"

    def groups(self) -> Groups:
        """All there are. Raises `OSError` if the root cannot be listed."""
        controls = sorted(name for name in _directories(self.path) if name not in RESERVED)
        found = {ROOT: tuple(sorted(_directories(f"{self.path}/mon_groups")))}
        for control in controls:
            with suppress(FileNotFoundError, NotADirectoryError):  # removed meanwhile, or no control group
                found[control] = tuple(sorted(_directories(f"{self.path}/{control}/mon_groups")))
        return Groups(found)

    def make(self, group: MonGroup) -> None:
        """Make it ours. One that is there already is fine and becomes ours. Raises `OSError`."""
        directory = self.directory(group)
        with suppress(FileExistsError):
            os.mkdir(directory)
        self._mark(directory)

    def make_control(self, control: str) -> None:
        """Make a control group, which is ours then. Raises `OSError`, EEXIST for one that is there already."""
        directory = self.control_directory(control)
        os.mkdir(directory)
        self._mark(directory)

    def transfer(self, group: MonGroup, control: str) -> None:
        """Move it into another control group, with its threads and counters, as newer kernels can. Raises `OSError`."""
        there = MonGroup(control, group.name)
        os.rename(self.directory(group), self.directory(there))
        if self.directory(group) in self._made:
            self._made ^= {self.directory(group), self.directory(there)}

    def remove(self, group: MonGroup) -> None:
        """Its threads stay in the control group. One that is gone already is fine. Raises `OSError`."""
        self._remove(self.directory(group), group.control)

    def remove_control(self, control: str) -> None:
        """With its monitoring groups; its threads come into the root. Raises `OSError`."""
        self._remove(self.control_directory(control), control)

    def is_ours(self, group: MonGroup) -> bool:
        return self._is_marked(self.directory(group))

    def is_own_control(self, control: str) -> bool:
        """Whether we made this control group; never of the root."""
        return bool(control) and self._is_marked(self.control_directory(control))

    def threads(self, group: MonGroup) -> set[int]:
        """The threads that are counted in it. Raises `OSError`, `ValueError`."""
        return parse_ids(read_list(f"{self.directory(group)}/tasks"))

    def control_threads(self, control: str) -> set[int]:
        """All threads of a control group, those of its monitoring groups too. Raises as `threads`."""
        return parse_ids(read_list(f"{self.control_directory(control)}/tasks"))

    def last_status(self) -> str:
        """The kernel's words about the last command that failed; empty if it has none."""
        return read_last_status(self.path)

    def _mark(self, directory: str) -> None:
        with suppress(OSError):
            os.chmod(directory, MARKED)
        if not self._is_marked(directory):
            self._made.add(directory)

    def _is_marked(self, directory: str) -> bool:
        if directory in self._made:
            return True
        try:
            return bool(os.stat(directory).st_mode & stat.S_ISVTX)
        except OSError:
            return False

    def _remove(self, directory: str, control: str) -> None:
        self._made.discard(directory)
        moved = read_traffic(directory)
        with suppress(FileNotFoundError):
            os.rmdir(directory)
            self.removed.add(control, moved)


def _directories(path: str) -> list[str]:
    with os.scandir(path) as entries:
        return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
