"""Looks what one cgroup offers: each file is read once with full checks.

What is missing, forbidden or malformed is left out and told.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from wca_core.builtin.cgroup.complaints import CgroupComplaints
from wca_core.builtin.cgroup.descriptions import CPU_PERIOD
from wca_core.builtin.cgroup.files import Choice
from wca_core.builtin.cgroup.files_v1 import v1_files
from wca_core.builtin.cgroup.files_v2 import v2_files
from wca_core.builtin.cgroup.source import Column, Combined, Number, Source, Table, TableReader
from wca_core.errors import CgroupGone
from wca_core.host import Host
from wca_core.linux.block_devices import BlockDevices
from wca_core.linux.files import read_file
from wca_core.model.metric import Metric, Value, are_plain_numbers
from wca_core.model.task import Task

CONTROLLERS = ("cpu", "cpuacct", "memory", "blkio", "io", "pids")
LONGEST_NUMBER = 32


@dataclass(slots=True)
class Offer:
    """What can be read of a cgroup."""

    numbers: list[tuple[str, Callable[[bytes], Value], Column]] = field(default_factory=list)
    """Path, parser and column."""
    tables: list[tuple[str, TableReader]] = field(default_factory=list)
    combined: list[Combined] = field(default_factory=list)
    left_out: list[tuple[Source, str]] = field(default_factory=list)
    """Files that are missing, forbidden or malformed, with their paths: they may come later, with their controller."""
    absent: list[str] = field(default_factory=list)
    """Directories in which the cgroup is not (yet), though in others: container engines make and remove one by one."""

    @property
    def paths(self) -> list[str]:
        return [path for path, _, _ in self.numbers] + [path for path, _ in self.tables]

    @property
    def columns(self) -> list[Column]:
        """In the order of the files; what two files tell is there twice."""
        of_tables = [column for _, reader in self.tables for column in reader.columns]
        return [column for _, _, column in self.numbers] + of_tables

    def has(self, metric: Metric) -> bool:
        return any(metric is one for one, _ in self.columns)

    def add_number(self, source: Number, path: str, text: bytes) -> None:
        """Raises `ValueError`, `ArithmeticError` for a text that is no number."""
        if len(text) > LONGEST_NUMBER:
            raise ValueError(f"one number expected, found {len(text)} bytes")
        parse = source.parser()
        parse(text)
        self.numbers.append((path, parse, (source.metric, source.levels)))

    def add_table(self, source: Table, path: str, text: bytes, is_told: Callable[[Metric], bool]) -> None:
        """Only if it tells something that no other file does. Raises `ValueError` and the like for another form."""
        reader = source.reader(text)
        if reader is None:
            return
        if not are_plain_numbers(reader.read(text)):
            raise ValueError("a number is too large")
        known = self.columns
        if not reader.columns or any(is_told(one[0]) and one not in known for one in reader.columns):
            self.tables.append((path, reader))


class Probe:
    """Looks at the cgroups of one machine for what is wanted of them."""

    def __init__(self, host: Host, choice: Choice) -> None:
        self.host = host
        self.is_told = cache(lambda metric: metric is not CPU_PERIOD and choice.is_wanted(metric))
        devices = BlockDevices(host.sys)
        self._v1 = self._needed(v1_files(choice, devices))
        self._v2 = self._needed(v2_files(choice, devices))
        self._complaints = CgroupComplaints()

    def offer(self, task: Task, path: str) -> Offer:
        """What the cgroup at `path` offers. Raises `CgroupGone` if it is in no tree."""
        directories = find_directories(self.host, task, path)
        there = {directory for directory in {*directories.values()} if os.path.isdir(directory)}
        if not there:
            raise CgroupGone(f"cgroup {path} is in no tree")
        offer = Offer(absent=[directory for directory in {*directories.values()} if directory not in there])
        for source in self._sources(controller for controller, at in directories.items() if at in there):
            directory = directories[source.controller]
            is_stood_for = source.instead_of is not None and os.path.exists(f"{directory}/{source.instead_of}")
            if not is_stood_for and (source.only_with is None or offer.has(source.only_with)):
                self._add(offer, source, f"{directory}/{source.file}")
        return offer

    def _needed(self, files: Sequence[Source]) -> list[Source]:
        """The files that hold what is wanted, or a part of it."""
        parts = {one.combined.other for one in files if one.combined and self.is_told(one.combined.metric)}
        return [one for one in files if any(metric in parts or self.is_told(metric) for metric in one.metrics)]

    def _sources(self, controllers: Iterable[str]) -> list[Source]:
        """The files to read for these controllers, each on the version of cgroups that its controller is on."""
        is_v1 = self.host.hierarchies.is_v1
        v1 = (source for source in self._v1 if is_v1(source.controller))
        v2 = (source for source in self._v2 if not is_v1(source.controller))
        there = frozenset(controllers)
        return [source for source in (*v1, *v2) if source.controller in there]

    def is_readable(self, source: Source, path: str) -> bool:
        """Whether a file that was left out need not be any more."""
        offer = Offer()
        self._add(offer, source, path)
        return not offer.left_out

    def _add(self, offer: Offer, source: Source, path: str) -> None:
        text = b""
        try:
            text = read_file(path)
            if isinstance(source, Table):
                offer.add_table(source, path, text, self.is_told)
            else:
                offer.add_number(source, path, text)
        except OSError as error:
            offer.left_out.append((source, path))
            self._complaints.unreadable(source, path, error, has_stand_in=self._has_stand_in(source))
        except (ValueError, IndexError, ArithmeticError) as error:
            offer.left_out.append((source, path))
            self._complaints.malformed(source, path, text, error)
        else:
            offer.combined += [source.combined] if source.combined else []

    def _has_stand_in(self, source: Source) -> bool:
        return any(other.instead_of == source.file for other in (*self._v1, *self._v2))


def find_directories(host: Host, task: Task, path: str) -> dict[str, str]:
    """Where a cgroup is to be found in the trees of this machine, by controller."""
    found = {}
    for controller in CONTROLLERS:
        own_path = path if task.subcgroups_paths else task.controller_paths.get(controller, path)
        directory = host.cgroup_directory(controller, own_path)
        if directory is not None:
            found[controller] = directory
    return found
