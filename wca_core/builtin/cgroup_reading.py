"""One cgroup, opened once and read in every step.

The reading trusts what the probe found; where a file no longer fits it, the cgroup is opened anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from operator import itemgetter
from typing import TypeAlias

from wca_core.builtin.cgroup_descriptions import MEM_WORKING_SET
from wca_core.builtin.cgroup_files import Column, TableReader
from wca_core.builtin.cgroup_probe import Complaints, Offer, Wanted, probe
from wca_core.errors import CgroupGone
from wca_core.host import Host
from wca_core.linux.files import FileSet, is_gone, read_whole
from wca_core.model.metric import Value
from wca_core.model.task import Task

NUMBER_SIZE = 64
TABLE_SIZE = 4096

Origin: TypeAlias = tuple[int, int]
"""Device and inode of a directory."""


WORKING_SET: Column = (MEM_WORKING_SET, ())


class Table:
    """A file of many numbers, with what it held last: half of a node's cgroups do nothing in a second."""

    __slots__ = ("read", "text", "values")

    def __init__(self, reader: TableReader) -> None:
        self.read = reader.read
        self.text = b""
        self.values: Sequence[Value] = ()


class CgroupReading:
    """The open files of one cgroup; `columns` says what `read` gives.

    Raises `CgroupGone` if the cgroup is in no tree, `OSError` if files cannot be opened.
    """

    __slots__ = (
        *("_absent", "_files", "_is_well_formed", "_pick"),
        *("columns", "is_complete", "is_settled", "kept", "origins", "parsers", "path", "tables", "working_set"),
    )

    def __init__(self, host: Host, task: Task, path: str, wanted: Wanted, complaints: Complaints) -> None:
        offer = probe(host, task, path, wanted, complaints)
        self.path = path
        self._is_well_formed = not offer.malformed
        self._absent = offer.absent
        self.is_complete = not offer.unreadable
        self.is_settled = self._is_well_formed and self.is_complete and not self._absent
        self.parsers = [parse for _, parse, _ in offer.numbers]
        self.tables = [Table(reader) for _, reader in offer.tables]
        self.working_set = None
        if offer.has_usage and WORKING_SET in offer.columns:
            self.working_set = offer.columns.index(WORKING_SET)
        kept = tuple(
            at
            for at, (metric, _) in enumerate(offer.columns)
            if wanted(metric) and (offer.has_usage or metric is not MEM_WORKING_SET)
        )
        self.columns = shared(tuple(offer.columns[at] for at in kept))
        self.kept = None if len(kept) == len(offer.columns) else kept
        self._pick = None if self.kept is None else picker(self.kept)
        try:
            self._files = FileSet(host.open_files, offer.paths)
        except OSError as error:
            raise self._translated(error) from error
        try:
            self.origins = origins(offer)  # after opening: files of another directory than this one answer ENODEV
        except OSError as error:
            self._files.close()
            raise self._translated(error) from error

    @property
    def descriptors(self) -> Sequence[int]:
        """Of the files that are kept open: numbers first, then tables; empty if the budget did not allow it."""
        return self._files.descriptors

    @property
    def is_whole(self) -> bool:
        """Whether everything is read that could be: no file was malformed, in no other tree the cgroup is now too."""
        return self._is_well_formed and not any(map(os.path.isdir, self._absent))

    def read(self) -> Sequence[Value]:
        """One value for each of `columns`.

        Raises `CgroupGone`; `ValueError` or `OSError` if a file is no longer as it was.
        """
        files = self._files
        pread = os.pread
        try:
            descriptors = files.descriptors or files.borrow()
            values: list[Value] = [
                parse(pread(descriptor, NUMBER_SIZE, 0))
                for parse, descriptor in zip(self.parsers, descriptors, strict=False)
            ]
            at = len(values)
            for table in self.tables:
                text = pread(descriptors[at], TABLE_SIZE, 0)
                if len(text) == TABLE_SIZE:
                    text = read_whole(descriptors[at])
                if text != table.text:
                    table.values = table.read(text)
                    table.text = text
                values += table.values
                at += 1
        except OSError as error:
            raise self._translated(error) from error
        finally:
            files.give_back()
        at_working_set = self.working_set
        if at_working_set is not None:
            usage, inactive = values[0], values[at_working_set]
            values[at_working_set] = usage - inactive if usage > inactive else 0
        return values if self._pick is None else self._pick(values)

    def close(self) -> None:
        self._files.close()

    def _translated(self, error: OSError) -> Exception:
        return CgroupGone(f"cgroup {self.path} is gone") if is_gone(error) else error


def origins(offer: Offer) -> dict[Column, Origin]:
    """The directory from which each column is read, which the kernel numbers anew when a cgroup is made anew."""
    columns = [*((path, [column]) for path, _, column in offer.numbers)]
    columns += [(path, [*reader.columns]) for path, reader in offer.tables]
    status = {directory: os.stat(directory) for directory in {os.path.dirname(path) for path, _ in columns}}
    known = {directory: (found.st_dev, found.st_ino) for directory, found in status.items()}
    return {column: known[os.path.dirname(path)] for path, own in columns for column in own}


@cache
def picker(positions: tuple[int, ...]) -> Callable[[Sequence[Value]], Sequence[Value]]:
    """A function that takes the values at these positions; one for all cgroups of a form."""
    if len(positions) < 2:
        return lambda values: [values[at] for at in positions]
    return itemgetter(*positions)


@cache
def shared(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The same tuple for equal ones, so that cgroups of one form have one in the CPU's caches."""
    return columns
