"""Moving a task's threads, and the monitoring group that records where it belongs, into a control group, and back.

What is there is the control group that most of its threads are in: `/be`, or `/` for the root; `-` for a task that has
neither threads nor a monitoring group, which is nowhere yet.

A write that was rebuilt belongs to an agent that is gone, or is about to go: undone into the root, it leaves no
monitoring group behind.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar

from wca_core.errors import CgroupGone, ContractError
from wca_core.host import Host
from wca_core.linux.files import is_gone
from wca_core.model.task import Task
from wca_core.model.write import Change, Record
from wca_core.processes import Ids, ProcessLists
from wca_rdt.resctrl.control.moving import bring, holders
from wca_rdt.resctrl.control.refusals import told
from wca_rdt.resctrl.groups import ROOT, Resctrl

NOWHERE = b"-\n"


@dataclass(frozen=True, slots=True)
class Subject:
    """The task that is moved, and what its monitoring group is called."""

    task: Task
    name: str

    def threads(self, host: Host) -> Ids:
        """As they are now, not at the beginning of the step. Raises `OSError` ENOENT if the task is gone."""
        try:
            return ProcessLists(host.proc, lambda: host.hierarchies).threads(self.task)
        except CgroupGone as error:
            raise FileNotFoundError(errno.ENOENT, "its cgroup is gone", self.task.cgroup_path) from error

    def inode(self, host: Host) -> int:
        """Of its cgroup. Raises `OSError` if that is gone."""
        known = host.hierarchies
        trees = [*known.v1.values(), *([known.unified] if known.unified is not None else [])]
        paths = [tree.at(path) for tree in trees for path in (self.task.cgroup_path, *self.task.subcgroups_paths)]
        there = next(filter(os.path.isdir, paths), None)
        if there is None:
            raise FileNotFoundError(errno.ENOENT, "its cgroup is gone", self.task.cgroup_path)
        return os.stat(there).st_ino

    def as_text(self) -> str:
        task = self.task
        paths = [task.cgroup_path, *task.subcgroups_paths]
        return json.dumps([self.name, task.task_id, paths, dict(task.controller_paths)])

    @classmethod
    def of_text(cls, text: str) -> Subject:
        """Raises `ValueError`, `TypeError`, `ContractError` for another text."""
        name, task_id, (path, *containers), controllers = json.loads(text)
        if not isinstance(name, str) or not isinstance(controllers, Mapping):
            raise ValueError(text)
        task = Task(
            task_id=task_id,
            name=task_id,
            cgroup_path=path,
            subcgroups_paths=tuple(containers),
            controller_paths=controllers,
        )
        return cls(task, name)


@dataclass(frozen=True, slots=True)
class PlacementWrite:
    """One task into one control group."""

    kind: ClassVar[str] = "rdt-placement"
    reversible: ClassVar[bool] = True

    host: Host
    resctrl: Resctrl
    subject: Subject
    control: str
    change: Change | None = None
    gives: bool = False
    is_rebuilt: bool = field(default=False)

    @property
    def place(self) -> str:
        return f"{self.resctrl.path}/*/mon_groups/{self.subject.name}"

    def read(self) -> bytes:
        threads = self._threads()
        held = {group.control for group in holders(self.resctrl, self.subject.name)}
        inside = {control: self._inside(control) for control in self.resctrl.groups().by_control} if threads else {}
        found = home(threads, inside, held)
        return NOWHERE if found is None else _shown(found)

    def do(self) -> None:
        """Whole or not at all: threads that were moved before one was refused come back."""
        before = self.read()
        try:
            self._bring(self.control)
        except OSError:
            if before != NOWHERE:
                with suppress(OSError):
                    self._bring(_control_of(before))
            raise

    def undo(self, old: bytes) -> None:
        if old != NOWHERE:
            self._bring(_control_of(old))
        if old == NOWHERE or (self.is_rebuilt and old == _shown(ROOT) and self._threads()):
            for group in holders(self.resctrl, self.subject.name):
                self.resctrl.remove(group)

    def verify(self, read_back: bytes) -> bool:
        return read_back in (_shown(self.control), NOWHERE)

    def record(self) -> Record:
        return {
            "root": self.host.root,
            "mount": self.resctrl.path,
            "subject": self.subject.as_text(),
            "control": self.control,
            "inode": self.subject.inode(self.host),
        }

    @classmethod
    def from_record(cls, record: Record) -> PlacementWrite | None:
        root, mount, subject, control = (record.get(name) for name in ("root", "mount", "subject", "control"))
        if not (
            isinstance(root, str) and isinstance(mount, str) and isinstance(subject, str) and isinstance(control, str)
        ):
            raise ContractError(f"record of a write of kind {cls.kind!r}: a task, a group expected, found {record}")
        try:
            write = cls(Host(root=root), Resctrl(mount), Subject.of_text(subject), control, is_rebuilt=True)
        except (TypeError, ValueError) as error:
            raise ContractError(
                f"record of a write of kind {cls.kind!r}: a task expected, found {subject!r}"
            ) from error
        try:
            is_same = os.path.isdir(f"{mount}/info") and write.subject.inode(write.host) == record.get("inode")
        except OSError as error:
            if is_gone(error):
                return None
            raise
        return write if is_same else None

    def _bring(self, control: str) -> None:
        with told(self.resctrl.path, self.place):
            bring(self.resctrl, self.subject.name, control, self._threads)

    def _threads(self) -> Ids:
        return self.subject.threads(self.host)

    def _inside(self, control: str) -> set[int]:
        try:
            return self.resctrl.control_threads(control)
        except OSError as error:
            if is_gone(error):
                return set()
            raise


def home(threads: Collection[int], inside: Mapping[str, Collection[int]], held: Collection[str]) -> str | None:
    """The control group with most of the threads, of several with as many one that has the task's record; else that.

    `inside`: the threads of all control groups, the root among them, read after `threads`: what ended in between is in
    none of them, and must not count as being in the root. None: nobody is anywhere.
    """
    counts = {control: len(set(threads).intersection(inside[control])) for control in sorted(inside)}
    best = max(counts, key=lambda control: (counts[control], control in held), default=None)
    if best is not None and counts[best]:
        return best
    return min(held, default=None)


def _control_of(shown: bytes) -> str:
    return shown.decode().strip("/\n")


def _shown(control: str) -> bytes:
    return f"/{control}\n".encode()
