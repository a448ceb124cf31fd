"""A configuration as read, before anything is made of it: scalars, sequences and mappings that know their place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Tree: TypeAlias = "Scalar | Sequence | Mapping"
Plain: TypeAlias = "str | int | float | bool | None"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands: for messages. Line and column count from 1; 0: it is no part of a file."""

    file: str
    """Or the option that stands for it: `--set kafka.topic`; empty: nowhere in particular."""
    line: int = 0
    column: int = 0

    @property
    def is_option(self) -> bool:
        """It is not in a file."""
        return self.file.startswith("--")

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line and not self.is_option else self.file


@dataclass(eq=False, slots=True)
class Scalar:
    place: Place
    tag: str | None
    value: Plain


@dataclass(eq=False, slots=True)
class Sequence:
    place: Place
    tag: str | None
    items: list[Tree] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Mapping:
    """`key_places` may lack keys that were not written by anybody."""

    place: Place
    tag: str | None
    entries: dict[Plain, Tree] = field(default_factory=dict)
    key_places: dict[Plain, Place] = field(default_factory=dict)

    def place_of(self, key: Plain) -> Place:
        """Where a key stands; the place of its value if it has none."""
        return self.key_places.get(key) or self.entries[key].place
