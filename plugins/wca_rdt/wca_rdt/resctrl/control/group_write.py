"""Making a control group that is not there, or removing one of ours that nobody is in any more, and back.

| asked for | there is | |
|---|---|---|
| a group | none | it is made, and marked as ours |
| a group | one, whoever made it | nothing |
| none | one of ours without tasks | it is removed |
| none | one that other tasks have entered | nothing: it is theirs now |

Threads of a removed group are in the root; undoing therefore refuses to remove one that another task is in.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from typing import ClassVar

from wca_core.errors import ContractError
from wca_core.model.write import Change, Record
from wca_rdt.resctrl.control.refusals import told
from wca_rdt.resctrl.control.schemata import lines_of
from wca_rdt.resctrl.control.schemata_write import SchemataWrite
from wca_rdt.resctrl.groups import MonGroup, Resctrl

NONE, OURS, THEIRS = b"", b"ours\n", b"theirs\n"


@dataclass(frozen=True, slots=True)
class GroupWrite:
    """One control group."""

    kind: ClassVar[str] = "rdt-group"
    reversible: ClassVar[bool] = True

    resctrl: Resctrl
    group: str
    is_wanted: bool = True
    lines: str = ""
    """The `schemata` of one that is removed: what undoing gives it back."""
    change: Change | None = None
    gives: bool = False
    place: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", self.resctrl.control_directory(self.group))

    def read(self) -> bytes:
        """Whether there is one, and whether we made it."""
        if not os.path.isdir(self.place):
            return NONE
        return OURS if self.resctrl.is_own_control(self.group) else THEIRS

    def do(self) -> None:
        if self.is_wanted:
            self._make()
        else:
            self._remove()

    def undo(self, old: bytes) -> None:
        if old == NONE:
            if self._is_used():
                raise OSError(errno.EBUSY, "other tasks have entered the group", self.place)
            self._remove()
            return
        self._make()
        for _, line in lines_of(self.lines):
            SchemataWrite(self.resctrl.path, self.group, line).do()

    def verify(self, read_back: bytes) -> bool:
        if self.is_wanted:
            return read_back != NONE
        return read_back == NONE or self._is_used()

    def record(self) -> Record:
        return {
            "mount": self.resctrl.path,
            "group": self.group,
            "is_wanted": int(self.is_wanted),
            "lines": self.lines,
        }

    @classmethod
    def from_record(cls, record: Record) -> GroupWrite | None:
        mount, group, is_wanted, lines = (record.get(name) for name in ("mount", "group", "is_wanted", "lines"))
        if not (
            isinstance(mount, str) and isinstance(group, str) and isinstance(is_wanted, int) and isinstance(lines, str)
        ):
            raise ContractError(f"record of a write of kind {cls.kind!r}: a mount, a group expected, found {record}")
        return cls(Resctrl(mount), group, bool(is_wanted), lines) if os.path.isdir(f"{mount}/info") else None

    def _make(self) -> None:
        with told(self.resctrl.path, self.place):
            self.resctrl.make_control(self.group)

    def _remove(self) -> None:
        with told(self.resctrl.path, self.place):
            self.resctrl.remove_control(self.group)

    def _is_used(self) -> bool:
        """Whether a task is in it, by the monitoring groups that record that."""
        names = self.resctrl.groups().by_control.get(self.group, ())
        return any(self.resctrl.threads(MonGroup(self.group, name)) for name in names)
