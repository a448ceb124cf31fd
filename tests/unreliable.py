"""Writes to real files, of which any single operation can be refused, or be the last one of the process."""

from __future__ import annotations

import errno
import os
import resource
import signal
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from wca_core.file_write import FileWrite
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.task import Task
from wca_core.model.write import Change, Record

Answer = TypeVar("Answer")


@dataclass(slots=True)
class Trouble:
    """What goes wrong: the numbers of operations (`do`, `undo`, `read`, each counted from 0) that are refused."""

    refused: dict[str, Collection[int]] = field(default_factory=dict)
    error: int = errno.EBUSY
    is_late: bool = False
    """The operation has its effect, and is refused nevertheless."""
    killed_at: int | None = None
    """The operation, of all kinds, at which the process is killed: before it, or if `is_late` after it."""
    counts: dict[str, int] = field(default_factory=dict)
    is_over: bool = False

    def meet(self, operation: str, effect: Callable[[], Answer]) -> Answer:
        number = self.counts.get(operation, 0)
        total = sum(self.counts.values())
        self.counts[operation] = number + 1
        is_refused = number in self.refused.get(operation, ()) and not self.is_over
        if not self.is_late:
            self._strike(is_refused, total)
        result = effect()
        if self.is_late:
            self._strike(is_refused, total)
        return result

    def _strike(self, is_refused: bool, total: int) -> None:
        if total == self.killed_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if is_refused:
            raise OSError(self.error, os.strerror(self.error))


@dataclass(frozen=True, slots=True)
class UnreliableWrite:
    """A `FileWrite` in trouble; what is rebuilt of it is a plain one."""

    write: FileWrite
    trouble: Trouble
    kind: str = "file"
    reversible: bool = True

    @property
    def place(self) -> str:
        return self.write.place

    @property
    def change(self) -> Change | None:
        return self.write.change

    @property
    def gives(self) -> bool:
        return self.write.gives

    def read(self) -> bytes:
        return self.trouble.meet("read", self.write.read)

    def do(self) -> None:
        self.trouble.meet("do", self.write.do)

    def undo(self, old: bytes) -> None:
        self.trouble.meet("undo", lambda: self.write.undo(old))

    def verify(self, read_back: bytes) -> bool:
        return self.write.verify(read_back)

    def record(self) -> Record:
        return self.write.record()

    @classmethod
    def from_record(cls, record: Record) -> UnreliableWrite | None:
        write = FileWrite.from_record(record)
        return None if write is None else cls(write, Trouble())


KINDS = {"file": FileWrite}


def change_of(task_id: str, kind: AllocationType = AllocationType.CPU_SHARES, value: object = 1.0) -> Change:
    task = Task(task_id=task_id, name=task_id, cgroup_path=f"/{task_id}")
    return Change(task, Allocation(task_id, kind, value), None)


def write_of(path: Path, content: str, task_id: str = "task", **fields: object) -> FileWrite:
    return FileWrite(str(path), content.encode(), change_of(task_id), **fields)  # type: ignore[arg-type]


def contents(directory: Path) -> dict[str, str]:
    """Of all files below it, by name."""
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}


def made(directory: Path, files: dict[str, str]) -> Path:
    """A directory with these files."""
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return directory


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """As on a full disk, the kernel refuses what goes beyond (EFBIG), and takes what fits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
