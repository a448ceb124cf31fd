"""What is wrong with a value, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from wca_core.config.tree import Mapping, Place, Sequence, Tree


class UncheckableError(Exception):
    """An annotation that values cannot be checked against."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """One thing that is wrong with a value."""

    path: tuple[int | str, ...]
    """Leads into the value; empty: the value itself."""
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.expected} expected, found {self.found}"


class MisfitsError(Exception):
    """A value that does not fit its type."""

    def __init__(self, misfits: list[Misfit]) -> None:
        super().__init__("; ".join(map(str, misfits)))
        self.misfits = misfits


def place_in(tree: Tree, path: tuple[int | str, ...]) -> Place:
    """The place of the innermost part that a path leads to."""
    for step in path:
        if isinstance(tree, Sequence) and isinstance(step, int) and step < len(tree.items):
            tree = tree.items[step]
        elif isinstance(tree, Mapping) and step in tree.entries:
            tree = tree.entries[step]
    return tree.place
