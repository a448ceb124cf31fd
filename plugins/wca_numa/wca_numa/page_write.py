"""The allocation type `migrate_pages`: whether it can be had, and the write that makes it so, which has no way back."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from platform import uname
from typing import ClassVar

from wca_core.host import Host
from wca_core.model.allocation import Refusal
from wca_core.model.platform import Platform
from wca_core.model.write import Change, Record
from wca_numa.migration import Migration, Round, Way
from wca_numa.pages import is_known_machine


@dataclass(frozen=True, slots=True, eq=False)
class PageWrite:
    """All pages of a task to one node. Nothing is read or put back: pages come and go by themselves."""

    kind: ClassVar[str] = ""
    gives: ClassVar[bool] = False
    reversible: ClassVar[bool] = False

    change: Change
    way: Way
    host: Host
    migration: Migration
    turn: Round

    @property
    def place(self) -> str:
        return f"pages of {self.change.task.task_id}"

    def read(self) -> bytes:
        return b""

    def do(self) -> None:
        """Raises `HostError` if it cannot be told which processes the task has."""
        self.migration.move(self.change.task, self.way, self.host, self.turn)

    def undo(self, old: bytes) -> None:
        raise OSError(errno.EOPNOTSUPP, "it is not known where the pages were", self.place)

    def verify(self, read_back: bytes) -> bool:
        return True

    def record(self) -> Record:
        return {"place": self.place}

    @classmethod
    def from_record(cls, record: Record) -> PageWrite | None:
        return None


def refusal(change: Change, platform: Platform, *, has_swap: bool) -> Refusal | None:
    """Why these pages cannot be moved; `has_swap`: pages may be swapped out, which counts as a reason here."""
    task_id, kind, node = change.wanted.task_id, change.wanted.type, change.wanted.value
    if not is_known_machine():
        reason = f"the number of the system call migrate_pages is not known on {uname().machine}"
        return Refusal(task_id, kind, reason, is_unsupported=True)
    if node not in platform.node_has_memory:
        found = f"{node}, which has no memory" if node in platform.node_cpus else f"{node!r:.80}"
        known = ",".join(map(str, sorted(platform.node_has_memory)))
        return Refusal(task_id, kind, f"a NUMA node with memory expected ({known}), found {found}")
    if has_swap:
        reason = "pages are moved only without swap: swapoff -a, or allow_swap: true"
        return Refusal(task_id, kind, reason)
    return None


def way_to(change: Change, platform: Platform, allowed_sources: frozenset[int] | None) -> Way:
    """`allowed_sources`: pages are taken from these nodes only; None: from all."""
    target = change.wanted.value
    assert isinstance(target, int), "it was checked"
    sources = platform.node_has_memory - {target}
    return Way(sources if allowed_sources is None else sources & allowed_sources, target, max(platform.node_cpus))
