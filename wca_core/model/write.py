"""A change of an allocation, and the single writes to the machine that make it so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeAlias

from wca_core.model.allocation import Allocation
from wca_core.model.outcome import TransactionOutcome
from wca_core.model.task import Task

Record: TypeAlias = Mapping[str, str | int]
"""What rebuilds a write in another process; plain values, as it is kept as JSON."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a task shall have instead of what it has."""

    task: Task
    wanted: Allocation
    in_force: Allocation | None
    requested: object = None
    """What was wished, before guard rails and rounding."""
    plugin: str = ""
    """Who wished it."""


class Write(Protocol):
    """One place on the machine that gets other bytes.

    Its methods raise `OSError` as the kernel does. Plain attributes do for its properties. Where the kernel cannot give
    back the same bytes, a write also has `is_back(old, found) -> bool`: whether this is what was there, in effect.
    """

    @property
    def kind(self) -> str:
        """The name in the group `wca.writes` of entry points by which it is rebuilt from its record: `file`."""

    @property
    def place(self) -> str:
        """The path, or whatever names the place uniquely."""

    @property
    def change(self) -> Change | None:
        """What it is for; None: for the machine as a whole."""

    @property
    def gives(self) -> bool:
        """Whether it frees a resource, so it goes before those that take."""

    @property
    def reversible(self) -> bool:
        """Whether what was there before can be put back; the others go last and stand in no journal."""

    def read(self) -> bytes:
        """What is there now."""

    def do(self) -> None:
        """Make the change."""

    def undo(self, old: bytes) -> None:
        """Put back what `read` gave before."""

    def verify(self, read_back: bytes) -> bool:
        """Whether this is what was wanted, in the kernel's rounding and spelling."""

    def record(self) -> Record:
        """What `from_record` of its class takes, with the inode of what it belongs to."""

    @classmethod
    def from_record(cls, record: Record) -> Self | None:
        """The same again; None if what it belonged to is gone. Raises `ContractError` for another kind of record."""


class Writer(Protocol):
    """By which writes are made: wholly or not at all, remembered, and told. `wca_core.transaction` has the real one."""

    def apply(self, writes: Sequence[Write]) -> TransactionOutcome:
        """Make them. Never raises because of a write."""


def is_back(write: Write, old: bytes, found: bytes) -> bool:
    """Whether what is there after `undo` is what was there before. Raises `OSError`."""
    return found == old or bool(getattr(write, "is_back", _never)(old, found))


def _never(old: bytes, found: bytes) -> bool:
    return False
