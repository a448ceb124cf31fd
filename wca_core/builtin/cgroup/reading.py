"""One cgroup, opened once and read in every step.

The reading trusts what the probe found; where a file no longer fits it, the cgroup is opened anew.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from wca_core.builtin.cgroup.form import form_of, memories, origins, picker
from wca_core.builtin.cgroup.probe import Probe
from wca_core.builtin.cgroup.source import Column, TableReader
from wca_core.errors import CgroupGone
from wca_core.linux.files import FileSet, is_gone, read_whole
from wca_core.model.metric import Value
from wca_core.model.task import Task

NUMBER_SIZE = 64
TABLE_SIZE = 4096


class Table:
    """A file of many numbers, with what it held last: half of a node's cgroups do nothing in a second."""

    __slots__ = ("length", "read", "text", "values")

    def __init__(self, reader: TableReader) -> None:
        self.read = reader.read
        self.length = 0
        """Of its text, when last read here."""
        self.text: bytes | None = None
        self.values: Sequence[Value] = ()

    def forget(self) -> None:
        """Let go of what it held last: somebody else reads it from now on, or nobody."""
        self.text = None
        self.values = ()


class CgroupReading:
    """The open files of one cgroup; `columns` says what `read` gives.

    Raises `CgroupGone` if the cgroup is in no tree, `OSError` if files cannot be opened.
    """

    __slots__ = (
        *("_absent", "_combined", "_files", "_left_out", "_memories", "_pick", "_probe"),
        *("form", "is_outdated", "origins", "parsers", "path", "tables"),
    )

    def __init__(self, probe: Probe, task: Task, path: str) -> None:
        offer = probe.offer(task, path)
        self.path = path
        self.is_outdated = False
        """Whether something can be read now that could not be before; see `look_again`."""
        self._probe = probe
        self._absent = offer.absent
        self._left_out = offer.left_out
        self._memories = memories(offer)
        self.parsers = [parse for _, parse, _ in offer.numbers]
        self.tables = [Table(reader) for _, reader in offer.tables]
        self.form = form_of(offer, probe.is_told)
        self._combined = self.form.combined
        self._pick = None if self.form.kept is None else picker(self.form.kept)
        try:
            self._files = FileSet(probe.host.open_files, offer.paths)
        except OSError as error:
            raise self._translated(error) from error
        try:
            self.origins = origins(offer)  # after opening: files of another directory than this one answer ENODEV
        except OSError as error:
            self._files.close()
            raise self._translated(error) from error

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.form.columns

    @property
    def descriptors(self) -> Sequence[int]:
        """Of the files that are kept open: numbers first, then tables; empty if the budget did not allow it."""
        return self._files.descriptors

    @property
    def lacks_something(self) -> bool:
        """Whether a directory or a file of the cgroup was missing, or not as it should be."""
        return bool(self._absent or self._left_out)

    def look_again(self) -> None:
        """See whether something that was missing is there now: a controller may have been enabled."""
        is_readable = self._probe.is_readable
        if any(map(os.path.isdir, self._absent)) or any(is_readable(source, path) for source, path in self._left_out):
            self.is_outdated = True

    def go_on_from(self, before: CgroupReading) -> None:
        """Remember what an earlier reading of the same cgroup does; nothing if the cgroup was made anew since."""
        for column, memory in self._memories.items():
            earlier = before._memories.get(column)
            if type(earlier) is type(memory) and before.origins[column] == self.origins[column]:
                memory.go_on_from(earlier)

    def read(self) -> Sequence[Value]:
        """One value for each of `columns`.

        Raises `CgroupGone`; `ValueError` or `OSError` if a file is no longer as it was.
        """
        files = self._files
        pread = os.pread
        try:
            descriptors = files.descriptors or self._borrowed()
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
                    table.text, table.length = text, len(text)
                values += table.values
                at += 1
        except OSError as error:
            raise self._translated(error) from error
        finally:
            files.give_back()
        for own, other, made_of in self._combined:
            values[own] = made_of(values[own], values[other])
        return values if self._pick is None else self._pick(values)

    def close(self) -> None:
        self._files.close()

    @property
    def could_be_kept(self) -> bool:
        """Whether the budget would allow now what it did not when the files were opened: to keep them open."""
        return not self._files.descriptors and self._probe.host.open_files.has_room(len(self._files.paths))

    def _borrowed(self) -> list[int]:
        """Raises `CgroupGone` if the files are of a cgroup that was made anew under the name."""
        descriptors = self._files.borrow()
        if not self.origins.are_of(self._files.paths):
            raise CgroupGone(f"cgroup {self.path} was made anew")
        return descriptors

    def _translated(self, error: OSError) -> Exception:
        return CgroupGone(f"cgroup {self.path} is gone") if is_gone(error) else error


class Opener:
    """Opens the cgroups of one task; a fifth of what a `partial` or a closure takes."""

    __slots__ = ("_probe", "_task")

    def __init__(self, probe: Probe, task: Task) -> None:
        self._probe = probe
        self._task = task

    def __call__(self, path: str) -> CgroupReading:
        return CgroupReading(self._probe, self._task, path)
