"""A write of one line of a group's `schemata`, and back.

The kernel takes a line of some domains and leaves the others; what it shows has blanks, zeros and all domains, so
numbers are compared. What was there before is put back as the kernel showed it.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import ClassVar

from wca_core.errors import ContractError
from wca_core.file_write import write_once
from wca_core.linux.files import is_gone, read_file
from wca_core.model.write import Change, Record
from wca_rdt.resctrl.control.refusals import told
from wca_rdt.resctrl.control.schemata import lines_of, parse_schemata


@dataclass(frozen=True, slots=True)
class SchemataWrite:
    """One line for one control group."""

    kind: ClassVar[str] = "rdt-schemata"
    reversible: ClassVar[bool] = True

    mount: str
    """Where resctrl is."""
    group: str
    line: str
    """`L3:0=600;1=600`"""
    change: Change | None = None
    gives: bool = False

    @property
    def place(self) -> str:
        return f"{self._file} {self._resource}"

    def read(self) -> bytes:
        """The line as it is. Raises `OSError` ENODATA if the file has none of this resource."""
        for name, line in lines_of(read_file(self._file).decode()):
            if name == self._resource:
                return f"{line}\n".encode()
        raise OSError(errno.ENODATA, "there is no such line", self.place)

    def do(self) -> None:
        self._write(self.line)

    def undo(self, old: bytes) -> None:
        self._write(old.decode().strip())

    def verify(self, read_back: bytes) -> bool:
        found, wanted = (parse_schemata(text)[self._resource] for text in (read_back.decode(), self.line))
        return all(found.get(domain) == amount for domain, amount in wanted.items())

    def record(self) -> Record:
        inode = os.stat(os.path.dirname(self._file)).st_ino
        return {"mount": self.mount, "group": self.group, "line": self.line, "inode": inode}

    @classmethod
    def from_record(cls, record: Record) -> SchemataWrite | None:
        mount, group, line = (record.get(name) for name in ("mount", "group", "line"))
        if not (isinstance(mount, str) and isinstance(group, str) and isinstance(line, str)):
            raise ContractError(f"record of a write of kind {cls.kind!r}: mount, group, line expected, found {record}")
        write = cls(mount, group, line)
        try:
            return write if write.record()["inode"] == record.get("inode") else None
        except OSError as error:
            if is_gone(error):
                return None
            raise

    @property
    def _file(self) -> str:
        return f"{self.mount}/{self.group}/schemata" if self.group else f"{self.mount}/schemata"

    @property
    def _resource(self) -> str:
        return self.line.partition(":")[0]

    def _write(self, line: str) -> None:
        with told(self.mount, self.place):
            write_once(self._file, f"{line}\n".encode())
