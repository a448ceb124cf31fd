"""A write to the weight of a cgroup or to `cpu.idle`, which are one place: an idle cgroup forgets its weight.

A cgroup that is idle no more starts with the default weight. So both are read before and put back together, whichever
of them was written: kept apart, that default would be taken for what somebody else wrote. Since Linux 5.15; see
`sched_group_set_idle` of the kernel.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import ClassVar

from wca_core.errors import ContractError
from wca_core.file_write import directory_identity, is_same_directory, write_once
from wca_core.linux.files import read_file
from wca_core.model.write import Change, Record
from wca_core.spelling import is_same

IDLE = b"idle"


@dataclass(frozen=True, slots=True)
class IdleWrite:
    """A weight, or 0 or 1 for whether it counts, for one cgroup."""

    kind: ClassVar[str] = "cpu-idle"
    reversible: ClassVar[bool] = True

    place: str
    """The absolute path of the weight: of `cpu.weight`, on v1 of `cpu.shares`. `cpu.idle` is beside it."""
    idle: int | None = None
    """None: `weight` is written."""
    weight: int | None = None
    change: Change | None = None
    gives: bool = False

    def read(self) -> bytes:
        """`1024`, or `3 idle`: what the weight of an idle cgroup reads means nothing."""
        is_idle = int(read_file(self._idle_path)) != 0
        return read_file(self.place).strip() + (b" " + IDLE if is_idle else b"") + b"\n"

    def do(self) -> None:
        if self.idle is not None:
            write_once(self._idle_path, b"%d" % self.idle)
        elif self.weight is not None:
            write_once(self.place, b"%d" % self.weight)

    def undo(self, old: bytes) -> None:
        weight, *idle = old.split()
        if bool(idle) != (int(read_file(self._idle_path)) != 0):
            write_once(self._idle_path, b"%d" % bool(idle))
        if not idle:
            write_once(self.place, weight)

    def verify(self, read_back: bytes) -> bool:
        weight, *idle = read_back.split()
        if self.idle is not None:
            return bool(idle) == bool(self.idle)
        spelling = "shares" if self.place.endswith("shares") else "number"
        return not idle and is_same(spelling, b"%d" % (self.weight or 0), weight)

    def record(self) -> Record:
        what: Record = {"weight": self.weight or 0} if self.idle is None else {"idle": self.idle}
        return {"place": self.place, **directory_identity(self.place), **what}

    @classmethod
    def from_record(cls, record: Record) -> IdleWrite | None:
        place, idle, weight = (record.get(name) for name in ("place", "idle", "weight"))
        match place, idle, weight:
            case (str(path), int(flag), None):
                write = cls(path, idle=flag)
            case (str(path), None, int(amount)):
                write = cls(path, weight=amount)
            case _:
                raise ContractError(f"record of kind 'cpu-idle': place, and idle or weight expected, found {record}")
        return write if is_same_directory(record, path) else None

    @property
    def _idle_path(self) -> str:
        return f"{os.path.dirname(self.place)}/cpu.idle"
