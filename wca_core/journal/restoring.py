"""Putting back what was there before WCA wrote.

| the place | becomes | in the journal |
|---|---|---|
| belongs to a cgroup that is gone | gone | no more |
| holds what was there before us | unchanged | no more |
| holds what we wrote last | restored | no more |
| the same, and the kernel refuses | failed | stays, for the next time |
| holds anything else | theirs: somebody rewrote it, it is not touched | no more |
| cannot be asked | failed | stays |

The last written goes first. What failed is tried again as long as others succeed: a parent cgroup may have to have
its old limit before a child can.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Literal, TypeAlias

from wca_core.audit import Attempt, AuditLog, errno_name
from wca_core.errors import WcaError
from wca_core.journal.entry import Entry, Key
from wca_core.journal.journal import Journal
from wca_core.journal.rebuilding import rebuilt
from wca_core.linux.files import is_gone
from wca_core.model.write import Write, is_back
from wca_core.write_kinds import Kinds

log = logging.getLogger("wca.journal")

Fate: TypeAlias = Literal["restored", "unchanged", "gone", "theirs", "failed"]

FATES: Sequence[Fate] = ("restored", "unchanged", "gone", "theirs", "failed")


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of one place."""

    entry: Entry
    fate: Fate
    detail: str = ""

    def __str__(self) -> str:
        whose = f"{self.entry.type} of {self.entry.task_id}" if self.entry.task_id else "of the machine"
        detail = f": {self.detail}" if self.detail else ""
        return f"{self.fate:9} {self.entry.place} ({whose}){detail}"


@dataclass(frozen=True, slots=True)
class Restoration:
    """What became of all places, in the order in which they were asked."""

    places: tuple[Restored, ...]

    @property
    def failures(self) -> tuple[Restored, ...]:
        return tuple([place for place in self.places if place.fate == "failed"])

    @property
    def summary(self) -> str:
        """`2 restored, 1 theirs`"""
        counts = Counter(place.fate for place in self.places)
        return ", ".join(f"{counts[fate]} {fate}" for fate in FATES if counts[fate]) or "nothing to restore"


def restore(
    journal: Journal, kinds: Kinds | None = None, *, audit: AuditLog | None = None, dry_run: bool = False
) -> Restoration:
    """Put back all that is ours; `dry_run`: only say what would become of it. Never raises because of a place.

    `kinds`: of writes that can be rebuilt; None: those of the journal.
    """
    kinds = journal.kinds if kinds is None else kinds
    told: dict[Key, Restored] = {}
    waiting = list(journal.entries.values())[::-1]
    while waiting:
        for entry in waiting:
            told.pop(entry.key, None)
            told[entry.key] = _restored(entry, kinds, audit, dry_run)
            if not dry_run and told[entry.key].fate != "failed":
                with suppress(OSError):  # then it stays in the file, and is found unchanged the next time
                    journal.forget(entry.key)
        failed = [entry for entry in waiting if told[entry.key].fate == "failed"]
        if dry_run or len(failed) == len(waiting):
            break
        waiting = failed
    return Restoration(tuple(told.values()))


def _restored(entry: Entry, kinds: Kinds, audit: AuditLog | None, dry_run: bool) -> Restored:
    try:
        write = rebuilt(entry, kinds)
        if write is None:
            return Restored(entry, "gone")
        found = write.read()
        if found == entry.before:
            return Restored(entry, "unchanged")
        if not entry.is_ours(found, write):
            return Restored(entry, "theirs", f"holds {_shown(found)}, we wrote {_shown(entry.last)}")
        if dry_run:
            return Restored(entry, "restored", f"would be: from {_shown(found)} to {_shown(entry.before)}")
        return _put_back(entry, write, found, audit)
    except OSError as error:
        return Restored(entry, "gone") if is_gone(error) else Restored(entry, "failed", error.strerror or str(error))
    except WcaError as error:
        return Restored(entry, "failed", str(error))
    except Exception as error:  # noqa: BLE001  one plugin's write must not keep the others from being put back
        return Restored(entry, "failed", f"{type(error).__name__}: {error}")


def _put_back(entry: Entry, write: Write, found: bytes, audit: AuditLog | None) -> Restored:
    started = monotonic()
    after, result = None, "ok"
    try:
        write.undo(entry.before)
        after = write.read()
        result = "ok" if is_back(write, entry.before, after) else "verify"
    except OSError as error:
        result = errno_name(error)
        raise
    finally:
        if audit is not None:
            audit.tell(
                Attempt(
                    write=write,
                    action="restore",
                    before=found,
                    after=after,
                    result=result,
                    seconds=monotonic() - started,
                    task_id=entry.task_id,
                    type=entry.type,
                )
            )
    change = f"from {_shown(found)} to {_shown(after)}"
    if result != "ok":
        return Restored(entry, "failed", f"{change}, and not to {_shown(entry.before)}")
    return Restored(entry, "restored", change)


def _shown(content: bytes | None) -> str:
    """A kernel file's text as a person writes it."""
    return "nothing" if content is None else repr(content.decode("latin-1").strip())[:200]
