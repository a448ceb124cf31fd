"""The counters of one cgroup on all CPUs: opened together, read together.

An open counter keeps a removed cgroup alive in the kernel and goes on to answer what it counted last, so that only
the directory tells whether it is still there. It is looked at when nothing was counted.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Collection
from contextlib import suppress

from wca_core.errors import CgroupGone
from wca_rdt.perf.counting import Counting, Member
from wca_rdt.perf.cpus import Cpuset
from wca_rdt.perf.descriptors import Descriptors
from wca_rdt.perf.opening import Group, close_all, open_directory, open_group
from wca_rdt.perf.plan import Plan


class CgroupCounters:
    """One cgroup. What was counted stays counted when it is closed, and goes on if it is opened again."""

    __slots__ = (
        *("_cpus", "_descriptors", "_directory", "_groups", "_held", "_plan"),
        *("counting", "cpuset", "leaders", "path", "sizes"),
    )

    def __init__(self, path: str, plan: Plan, descriptors: Descriptors) -> None:
        self.path = path
        """Of its directory."""
        self.cpuset: Cpuset | None = None
        """On whose CPUs it is to be counted; None: on all."""
        self._plan = plan
        self._descriptors = descriptors
        self.counting = Counting(len(plan.events), aggregates=plan.aggregates)
        self._cpus: Collection[int] = ()
        self._directory: int | None = None
        self._held = 0
        self._groups: list[Group] = []
        self.leaders: list[int] = []
        """To be read, each with so many bytes as stands at its place in `sizes`."""
        self.sizes: list[int] = []

    @property
    def is_open(self) -> bool:
        return self._directory is not None

    def open(self, cpus: Collection[int]) -> None:
        """Begin to count on these CPUs. All or nothing; one that went offline meanwhile is left out.

        Raises `CgroupGone`, `NoDescriptors`, `OSError` (ENOENT: the kernel does not count by cgroups of this tree).
        """
        self._reserve(self._plan.descriptors(cpus))
        try:
            self._directory = self._opened_directory()
            self._count_on(cpus)
            self._settle()
        except BaseException:
            self.close()
            raise

    def drop_broken(self) -> None:
        """Close the groups that the kernel could not go on with."""
        for at in reversed(self.counting.broken):
            self._drop(at)
        self._settle()

    def is_there(self) -> bool:
        """Whether the cgroup whose directory was opened still is."""
        return os.access("cgroup.procs", os.F_OK, dir_fd=self._directory)

    def follow(self, cpus: Collection[int]) -> None:
        """Go over to these CPUs if they are others; what was counted elsewhere stays counted.

        Raises `NoDescriptors`, `OSError`.
        """
        if cpus is self._cpus or cpus == self._cpus:
            return
        with suppress(OSError):
            self.counting.take(list(map(os.read, self.leaders, self.sizes)))
        for at in reversed([at for at, group in enumerate(self._groups) if group.cpu not in cpus]):
            self._drop(at)
        self._settle()
        new = sorted(set(cpus) - {group.cpu for group in self._groups})
        self._reserve(self._plan.descriptors(new) - 1)
        self._count_on(new)
        self._settle()
        self._cpus = cpus

    def close(self) -> None:
        """May be called twice."""
        for at in reversed(range(len(self._groups))):
            self._drop(at)
        if self._directory is not None:
            close_all([self._directory])
            self._directory = None
        self._settle()

    def _reserve(self, number: int) -> None:
        self._descriptors.take(number)
        self._held += number

    def _settle(self) -> None:
        """Give back what was reserved and is not held."""
        holds = sum(len(group.descriptors) for group in self._groups) + self.is_open
        if holds < self._held:
            self._descriptors.give_back(self._held - holds)
            self._held = holds

    def _opened_directory(self) -> int:
        try:
            return open_directory(self.path)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise CgroupGone(f"{self.path}: the cgroup is gone") from error

    def _count_on(self, cpus: Collection[int]) -> None:
        assert self._directory is not None
        for cpu in cpus:
            for form in self._plan.forms(cpu):
                try:
                    group = open_group(form, self._directory, cpu)
                except OSError as error:
                    if error.errno == errno.ENODEV:
                        continue
                    if error.errno == errno.ENOENT and not self.is_there():
                        raise CgroupGone(f"{self.path}: the cgroup is gone") from error
                    raise OSError(error.errno, f"{error.strerror} on CPU {cpu}", self.path) from error
                self._groups.append(group)
                self.leaders.append(group.leader)
                self.sizes.append(form.size)
                self.counting.add([Member(cpu, form.places)])
        self._cpus = cpus

    def _drop(self, at: int) -> None:
        self.counting.remove(at)
        self._groups.pop(at).close()
        del self.leaders[at], self.sizes[at]
