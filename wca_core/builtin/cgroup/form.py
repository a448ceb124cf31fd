"""What the readings of many cgroups have in common: which files there are, and what is made of their numbers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import TypeAlias

from wca_core.builtin.cgroup.probe import Offer
from wca_core.builtin.cgroup.source import Column, Remembering
from wca_core.model.metric import Metric, Value

MOST_FORMS = 1024
"""That are remembered; there is one for each set of block devices if these are told apart."""

Origin: TypeAlias = tuple[int, int]
"""Device and inode of a directory."""
Combination: TypeAlias = tuple[int, int, Callable[[Value, Value], Value]]
"""Place of a number, place of the other one, and what is made of both, to be put in the first place."""


@dataclass(frozen=True, slots=True)
class Form:
    """What the readings of many cgroups have in common; one object for all of them, see `form_of`."""

    files: tuple[str, ...]
    columns: tuple[Column, ...]
    """Of the result."""
    kept: tuple[int, ...] | None
    """The places of `columns` among all numbers that are read; None: all of them."""
    combined: tuple[Combination, ...]


def form_of(offer: Offer, is_told: Callable[[Metric], bool]) -> Form:
    """Where in the numbers of an offer the values are; of what two files tell, the first is taken."""
    columns = offer.columns
    places = {column: at for at, column in reversed([*enumerate(columns)])}
    of_metrics = {metric: at for (metric, _), at in places.items()}
    combined = [one for one in offer.combined if one.metric in of_metrics]
    halves = {one.metric for one in combined if one.other not in of_metrics}
    kept = tuple(sorted(at for (metric, _), at in places.items() if is_told(metric) and metric not in halves))
    return _shared(
        Form(
            tuple(os.path.basename(path) for path in offer.paths),
            shared(tuple(columns[at] for at in kept)),
            None if len(kept) == len(columns) else kept,
            tuple(
                (of_metrics[one.metric], of_metrics[one.other], one.made_of)
                for one in combined
                if one.metric not in halves
            ),
        )
    )


class Origins(Mapping[Column, Origin]):
    """The directory from which each column is read; which column from which is shared by all cgroups of a form."""

    __slots__ = ("_directories", "_places")

    def __init__(self, places: Mapping[Column, int], directories: tuple[Origin, ...]) -> None:
        self._places = places
        self._directories = directories

    def __getitem__(self, column: Column) -> Origin:
        return self._directories[self._places[column]]

    def __iter__(self) -> Iterator[Column]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def are_of(self, paths: Sequence[str]) -> bool:
        """Whether these files, in the order of the offer, are in the same directories. Raises `OSError`."""
        return self._directories == _origins_of(paths)


def origins(offer: Offer) -> Origins:
    """The directory from which each column is read, which the kernel numbers anew when a cgroup is made anew.

    Raises `OSError` if one of them is gone.
    """
    columns = [*((path, [column]) for path, _, column in offer.numbers)]
    columns += [(path, [*reader.columns]) for path, reader in offer.tables]
    directories = _directories(path for path, _ in columns)
    places = {column: directories.index(os.path.dirname(path)) for path, own in reversed(columns) for column in own}
    return Origins(_shared_places(tuple(places.items())), _origins_of(offer.paths))


def _directories(paths: Iterable[str]) -> list[str]:
    """Each once, in the order of the first file in it."""
    return list(dict.fromkeys(map(os.path.dirname, paths)))


def _origins_of(paths: Iterable[str]) -> tuple[Origin, ...]:
    return tuple([(status.st_dev, status.st_ino) for status in map(os.stat, _directories(paths))])


def memories(offer: Offer) -> dict[Column, Remembering]:
    """What remembers more than the last text, by the (first) column it is for."""
    found: list[tuple[Column, object]] = [(column, parse) for _, parse, column in offer.numbers]
    found += [(reader.columns[0], reader) for _, reader in offer.tables if reader.columns]
    return {column: memory for column, memory in found if isinstance(memory, Remembering)}


@lru_cache(MOST_FORMS)
def picker(positions: tuple[int, ...]) -> Callable[[Sequence[Value]], Sequence[Value]]:
    """A function that takes the values at these positions; one for all cgroups of a form."""
    if len(positions) < 2:
        return lambda values: [values[at] for at in positions]
    return itemgetter(*positions)


@lru_cache(MOST_FORMS)
def shared(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The same tuple for equal ones, so that cgroups of one form have one in the CPU's caches."""
    return columns


@lru_cache(MOST_FORMS)
def _shared(form: Form) -> Form:
    return form


@lru_cache(MOST_FORMS)
def _shared_places(places: tuple[tuple[Column, int], ...]) -> Mapping[Column, int]:
    return dict(places)
