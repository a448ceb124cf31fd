"""What the journal knows of one place, and how that stands in a line of its file.

A line is the whole of what is known, so the last line of a place counts, and a line that was cut off costs one fact,
never an earlier one. Bytes stand as text of Latin-1, in which every byte is a letter.

    {"wca_journal": 1, "boot_id": "2275deac-…"}
    {"key": ["/sys/fs/cgroup/cpu/a/cpu.shares", 4711], "kind": "file", "record": {…}, "before": "1024\\n",
     "last": "2\\n", "is_pending": false, "torn": null, "task_id": "a", "type": "cpu_shares"}
    {"forget": ["/sys/fs/cgroup/cpu/a/cpu.shares", 4711]}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from wca_core.errors import ContractError
from wca_core.model.write import Record, Write

VERSION = 1

Key: TypeAlias = tuple[str, int]
"""A place, and the inode of what it belongs to: 0 if it belongs to nothing that has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A place that we wrote, or were about to."""

    key: Key
    kind: str
    record: Record
    """Of the last write that was begun."""
    before: bytes
    """What was there before our first write."""
    last: bytes | None = None
    """What was there after our last write that ended; None: none did."""
    is_pending: bool = True
    """A write was begun and nobody knows whether it took place."""
    torn: bytes | None = None
    """What an undo that was refused, or did not come to its end, would have put back."""
    task_id: str = ""
    """Empty: of the whole machine."""
    type: str = ""

    @property
    def place(self) -> str:
        return self.key[0]

    def is_ours(self, found: bytes, rebuilt: Write | None) -> bool:
        """Whether what is found there is what we wrote last. `rebuilt`: the write of the record, if it can be had."""
        if self.is_pending and rebuilt is not None and rebuilt.verify(found):
            return True
        return found == self.last or found == self.torn


def key_of(write: Write, record: Record) -> Key:
    inode = record.get("inode", 0)
    return write.place, inode if isinstance(inode, int) else 0


def head_line(boot_id: str) -> bytes:
    return _line({"wca_journal": VERSION, "boot_id": boot_id})


def entry_line(entry: Entry) -> bytes:
    return _line(
        {
            "key": list(entry.key),
            "kind": entry.kind,
            "record": dict(entry.record),
            "before": _shown(entry.before),
            "last": _shown(entry.last),
            "is_pending": entry.is_pending,
            "torn": _shown(entry.torn),
            "task_id": entry.task_id,
            "type": entry.type,
        }
    )


def forget_line(key: Key) -> bytes:
    return _line({"forget": list(key)})


def parse_head(line: bytes) -> str:
    """The boot id. Raises `ContractError` for what is no head of a journal that this version reads."""
    head = _mapping(line)
    if head.get("wca_journal") != VERSION:
        raise ContractError(f"a journal of version {VERSION} expected, found {line[:80]!r}")
    return _text(head, "boot_id")


def parse_line(line: bytes) -> Entry | Key:
    """An entry, or the key of a place to forget. Raises `ContractError` for anything else."""
    fields = _mapping(line)
    if "forget" in fields:
        return _key(fields["forget"])
    record, is_pending = fields.get("record"), fields.get("is_pending")
    if not isinstance(record, dict) or not all(isinstance(value, str | int) for value in record.values()):
        raise ContractError(f"record: texts and numbers by name expected, found {record!r:.80}")
    if not isinstance(is_pending, bool):
        raise ContractError(f"is_pending: true or false expected, found {is_pending!r:.80}")
    before = _bytes(fields, "before")
    if before is None:
        raise ContractError("before: text expected, found null")
    return Entry(
        key=_key(fields.get("key")),
        kind=_text(fields, "kind"),
        record=record,
        before=before,
        last=_bytes(fields, "last"),
        is_pending=is_pending,
        torn=_bytes(fields, "torn"),
        task_id=_text(fields, "task_id"),
        type=_text(fields, "type"),
    )


def _line(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def _shown(content: bytes | None) -> str | None:
    return None if content is None else content.decode("latin-1")


def _mapping(line: bytes) -> dict[str, object]:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ContractError(f"a line of JSON expected, found {line[:80]!r}") from error
    if not isinstance(fields, dict):
        raise ContractError(f"fields by name expected, found {line[:80]!r}")
    return fields


def _key(found: object) -> Key:
    match found:
        case [str(place), int(inode)]:
            return place, inode
        case _:
            raise ContractError(f"a place and an inode expected, found {found!r:.80}")


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise ContractError(f"{name}: text expected, found {value!r:.80}")
    return value


def _bytes(fields: Mapping[str, object], name: str) -> bytes | None:
    if fields.get(name) is None:
        return None
    try:
        return _text(fields, name).encode("latin-1")
    except UnicodeEncodeError as error:
        raise ContractError(f"{name}: single bytes expected, found {fields[name]!r:.80}") from error
