"""What a file of a cgroup can be to the collector, and the small readers that any file may need.

A `Number` is a file with one number; a `Table` is a file of which a `TableReader`, made from
its first text, reads any number of them.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, Self, TypeAlias, TypeVar, cast

from wca_core.linux.cgroup_v2 import parse_limit
from wca_core.linux.keyed import Fields, field_at, fields_of
from wca_core.model.metric import Metric, Value

PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
UNLIMITED = (2**63 - 1) // PAGE_SIZE * PAGE_SIZE
"""What v1 prints for "no limit"; v2's `max` becomes the same, so that expressions work on both."""
MOST_LIMITS = 4096
"""Different texts of limits that are remembered."""

MOST_READERS = 1024
"""That are shared; there is one for each form of a file."""

R = TypeVar("R")

Column: TypeAlias = tuple[Metric, tuple[str, ...]]
"""A metric and the values of its levels: one sample of one cgroup."""


class TableReader(Protocol):
    """Reads one kind of file of one cgroup."""

    columns: Sequence[Column]
    """May be empty: the file then tells nothing now, but `read` notices when it does."""

    def read(self, text: bytes) -> Sequence[Value]:
        """One value a column. Raises `ValueError` when the columns are not right any more.

        An unchanged file need not be parsed again.
        """


@dataclass(frozen=True, slots=True)
class Combined:
    """A metric whose value is made of two columns: its own, which holds one part, and that of another metric."""

    metric: Metric
    other: Metric
    made_of: Callable[[Value, Value], Value]
    """Of what is in the own column and what is in the other one."""


@dataclass(frozen=True, slots=True)
class Number:
    """A file that holds one number. `parser()` is asked once a cgroup, so it may give one that remembers."""

    controller: str
    file: str
    metric: Metric
    parser: Callable[[], Callable[[bytes], Value]] = lambda: int
    levels: tuple[str, ...] = ()
    instead_of: str | None = None
    """Read only where this other file of the same directory is missing."""
    only_with: Metric | None = None
    """Read only where this metric was found in a file before."""
    combined: Combined | None = None

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric,)


@dataclass(frozen=True, slots=True)
class Table:
    """A file that holds many numbers; `reader(text)` looks which, None: nothing that is of use.

    `ValueError` if it cannot be read.
    """

    controller: str
    file: str
    metrics: tuple[Metric, ...]
    reader: Callable[[bytes], TableReader | None]
    instead_of: str | None = None
    only_with: Metric | None = None
    combined: Combined | None = None


Source: TypeAlias = Number | Table


def nanoseconds(text: bytes) -> float:
    return int(text) / 1e9


class Remembering(ABC):
    """Knows more than the last text. Where a cgroup is opened anew, the new one goes on from the old one."""

    @abstractmethod
    def go_on_from(self, before: Self) -> None: ...


class Limits(dict[bytes, int]):
    """Limits [bytes] on either version by their text: a node has few different ones, and they hardly ever change."""

    def __missing__(self, text: bytes) -> int:
        if len(self) >= MOST_LIMITS:
            self.clear()
        value = self[text] = min(parse_limit(text, UNLIMITED), UNLIMITED)
        return value


limit = Limits().__getitem__


class HighWater(Remembering):
    """The largest number read so far: in place of `memory.peak` on kernels before 5.19."""

    def __init__(self) -> None:
        self.highest = 0

    def __call__(self, text: bytes) -> int:
        self.highest = max(self.highest, int(text))
        return self.highest

    def go_on_from(self, before: Self) -> None:
        self.highest = max(self.highest, before.highest)


class LimitIfAny:
    """A limit that is not told while there is none; `parse` gives None then."""

    def __init__(self, metric: Metric, parse: Callable[[bytes], Value | None], text: bytes) -> None:
        self._parse = parse
        self.columns: Sequence[Column] = [] if parse(text) is None else [(metric, ())]

    def read(self, text: bytes) -> list[Value]:
        found = self._parse(text)
        values = [] if found is None else [found]
        if len(values) != len(self.columns):
            raise ValueError("a limit was set or lifted")
        return values


def shared(kind: Callable[..., R], *state: Hashable) -> R:
    """`kind(*state)`, one object for all cgroups that have the same: for readers that remember nothing."""
    return cast(R, _made(kind, *state))


@lru_cache(MOST_READERS)
def _made(kind: Callable[..., object], *state: Hashable) -> object:
    return kind(*state)


class FieldReader:
    """Fields of a file of lines `key value`, one for each column, as they are."""

    def __init__(self, columns: tuple[Column, ...], fields: Fields) -> None:
        self.columns: Sequence[Column] = columns
        self._fields = fields

    def read(self, text: bytes) -> Sequence[Value]:
        return self._fields.numbers(text)


def fields_named(names: Iterable[str], text: bytes) -> Fields:
    """Where fields of a file of lines `key value` are in its text. Raises `ValueError` if one is missing."""
    return fields_of(text, [field_at(name) for name in names])
