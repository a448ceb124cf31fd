"""A change of an allocation, and the single writes to the machine that make it so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from wca_core.model.allocation import Allocation
from wca_core.model.task import Task


@dataclass(frozen=True, slots=True)
class Change:
    """What a task shall have instead of what it has."""

    task: Task
    wanted: Allocation
    in_force: Allocation | None


class Write(Protocol):
    """One place on the machine that gets other bytes."""

    place: str
    """The path, or whatever names the place uniquely."""
    gives: bool
    """It frees a resource, so it goes before those that take."""
    reversible: bool

    def read(self) -> bytes:
        """What is there now."""

    def do(self) -> None:
        """Make the change."""

    def undo(self, old: bytes) -> None:
        """Put back what `read` gave before."""

    def verify(self, read_back: bytes) -> bool:
        """Whether this is what was wanted, in the kernel's rounding and spelling."""
