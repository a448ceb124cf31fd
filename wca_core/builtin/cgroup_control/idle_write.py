"""A write to `cpu.idle`, which takes the weight along: an idle cgroup forgets it.

A cgroup that is idle no more starts with the default weight, so both are read before and put back. Since Linux 5.15;
see `sched_group_set_idle` of the kernel.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import ClassVar

from wca_core.errors import ContractError
from wca_core.file_write import directory_inode, write_once
from wca_core.linux.files import is_gone, read_file
from wca_core.model.write import Change, Record


@dataclass(frozen=True, slots=True)
class IdleWrite:
    """0 or 1 for one cgroup."""

    kind: ClassVar[str] = "cpu-idle"
    reversible: ClassVar[bool] = True

    place: str
    """The absolute path of `cpu.idle`."""
    idle: int
    weight_name: str
    """The file beside it that holds the weight: `cpu.weight`, on v1 `cpu.shares`."""
    change: Change | None = None

    @property
    def gives(self) -> bool:
        return bool(self.idle)

    def read(self) -> bytes:
        """Both texts, a line each."""
        return read_file(self.place).strip() + b"\n" + read_file(self._weight).strip() + b"\n"

    def do(self) -> None:
        write_once(self.place, b"%d" % self.idle)

    def undo(self, old: bytes) -> None:
        idle, weight = old.split()
        write_once(self.place, idle)
        if idle == b"0":
            write_once(self._weight, weight)

    def verify(self, read_back: bytes) -> bool:
        return read_back.split()[:1] == [b"%d" % self.idle]

    def record(self) -> Record:
        return {
            "place": self.place,
            "inode": directory_inode(self.place),
            "idle": self.idle,
            "weight_name": self.weight_name,
        }

    @classmethod
    def from_record(cls, record: Record) -> IdleWrite | None:
        place, idle, weight_name = (record.get(name) for name in ("place", "idle", "weight_name"))
        if not (isinstance(place, str) and isinstance(idle, int) and isinstance(weight_name, str)):
            raise ContractError(
                f"record of a write of kind 'cpu-idle': place, idle, weight_name expected, found {record}"
            )
        try:
            return cls(place, idle, weight_name) if directory_inode(place) == record.get("inode") else None
        except OSError as error:
            if is_gone(error):
                return None
            raise

    @property
    def _weight(self) -> str:
        return f"{os.path.dirname(self.place)}/{self.weight_name}"
