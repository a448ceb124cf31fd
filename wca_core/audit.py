"""The audit log: one line of JSON for each attempt to change the machine, whether it succeeded or not.

| field | |
|---|---|
| time | RFC 3339, milliseconds, UTC |
| iteration, host, version | of the agent |
| action | `do`, `undo` (the task's other writes failed), `restore` |
| plugin | whose wish it is; null: nobody's, or not known |
| task_id, task_name, cgroup, type | null: for the machine as a whole |
| old, new, requested | the allocation in force, the one to be, and what the plugin wished before guard rails |
| place, before, after | the file or whatever was written, its text before and after; null: not read |
| result | `ok`, `dry_run`, the name of an errno, or `verify`: the kernel took it and something else is there |
| duration_ms | of the write alone |
"""

from __future__ import annotations

import errno
import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime

from wca_core import __version__
from wca_core.host import Host
from wca_core.model.shown import shown
from wca_core.model.write import Write

log = logging.getLogger("wca.audit")

MODE = 0o640


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to change the machine."""

    write: Write
    action: str = "do"
    before: bytes | None = None
    after: bytes | None = None
    result: str = "ok"
    seconds: float = 0.0
    task_id: str = ""
    """Of a write that was rebuilt and so has no change; empty: of none."""
    type: str = ""


class AuditLog:
    """An audit log in a file, which is appended to. Nothing here raises: a record that cannot be written is counted."""

    def __init__(self, path: str, host: Host) -> None:
        self.path = path
        self._host = host
        self._descriptor: int | None = None
        self._is_failing = False

    def reopen(self) -> None:
        """The file has perhaps been rotated: the next record goes to the one that has the name then."""
        self.close()

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def tell(self, attempt: Attempt) -> None:
        """One record."""
        self._append(
            {
                "action": attempt.action,
                **_purpose(attempt),
                "place": attempt.write.place,
                "before": _text(attempt.before),
                "after": _text(attempt.after),
                "result": attempt.result,
                "duration_ms": round(attempt.seconds * 1000, 3),
            }
        )

    def _append(self, fields: Mapping[str, object]) -> None:
        host = self._host
        head = {
            "time": datetime.fromtimestamp(host.clock.now(), UTC).isoformat(timespec="milliseconds"),
            "iteration": host.statistics.iterations,
            "host": host.name,
            "version": __version__,
        }
        line = _line({**head, **fields})
        try:
            if self._descriptor is None:
                self._descriptor = _opened(self.path)
            if os.write(self._descriptor, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.path)
        except OSError as error:
            host.statistics.audit_errors += 1
            if not self._is_failing:
                log.error("audit log %s: %s; what is written to the machine is not recorded", self.path, error.strerror)
            self._is_failing = True
        else:
            self._is_failing = False


def _line(fields: Mapping[str, object]) -> bytes:
    """Values are a plugin's: those that JSON cannot show stand as text."""
    try:
        text = json.dumps(fields, default=shown)
    except Exception:  # noqa: BLE001  keys that are no text, an int of 5000 digits
        text = json.dumps({name: field if _is_plain(field) else shown(field) for name, field in fields.items()})
    return text.encode() + b"\n"


def _is_plain(field: object) -> bool:
    return field is None or type(field) in (str, float, bool)


def errno_name(error: OSError) -> str:
    """`EACCES`; of an error without a number its class."""
    return errno.errorcode.get(error.errno or 0, type(error).__name__)


def _purpose(attempt: Attempt) -> dict[str, object]:
    change = attempt.write.change
    return {
        "plugin": (change.plugin if change else "") or None,
        "task_id": change.task.task_id if change else attempt.task_id or None,
        "task_name": change.task.name if change else None,
        "cgroup": change.task.cgroup_path if change else None,
        "type": change.wanted.type.value if change else attempt.type or None,
        "old": _value(change.in_force.value) if change and change.in_force else None,
        "new": _value(change.wanted.value) if change else None,
        "requested": _value(change.requested) if change else None,
    }


def _opened(path: str) -> int:
    """Without waiting, whatever it is: a pipe that nobody reads is an error (ENXIO)."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
    with suppress(FileExistsError):
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, MODE)
        os.fchmod(descriptor, MODE)  # whatever the umask is; the mode of one that was there is its owner's
        return descriptor
    return os.open(path, flags)


def _value(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: field for name, field in asdict(value).items() if field is not None}
    return value


def _text(content: bytes | None) -> str | None:
    return None if content is None else content.decode("latin-1").rstrip("\n")
