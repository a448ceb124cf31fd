"""Removing groups of whoever made them, when the agent starts and is told to: what was in them is in the root then."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import ClassVar

from wca_core.errors import ContractError
from wca_core.model.write import Change, Record
from wca_rdt.resctrl.control.refusals import told


@dataclass(frozen=True, slots=True)
class Removal:
    """One group. Which threads were in it nobody can tell afterwards, so it is not put back."""

    kind: ClassVar[str] = "rdt-removal"
    reversible: ClassVar[bool] = False
    gives: ClassVar[bool] = True
    change: ClassVar[Change | None] = None

    mount: str
    place: str
    """Its directory."""

    def read(self) -> bytes:
        return b"there\n" if os.path.isdir(self.place) else b""

    def do(self) -> None:
        with told(self.mount, self.place):
            os.rmdir(self.place)

    def undo(self, old: bytes) -> None:
        raise NotImplementedError("it is not reversible, and never undone")

    def verify(self, read_back: bytes) -> bool:
        return not read_back

    def record(self) -> Record:
        return {"place": self.place}

    @classmethod
    def from_record(cls, record: Record) -> Removal | None:
        raise ContractError(f"writes of kind {cls.kind!r} are in no journal, found {record}")
