"""The pressure files of one cgroup, or of the machine, read together in every step."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import repeat
from typing import TypeAlias, TypeVar

from wca_core.linux.files import FileSet, OpenFiles
from wca_core.linux.pressure import RESOURCES, WINDOWS, Stall, parse_pressure
from wca_core.model.metric import Metric, Series, Value
from wca_core.model.task import Task

SIZE = 512
"""Of the buffer: a file is two lines of at most 90 characters."""

T = TypeVar("T")

Place: TypeAlias = tuple[str, str]
"""Resource and kind: `("memory", "full")`."""


class PressureFiles:
    """Those files of the four resources that are there; `paths` is the form of their paths (`/proc/pressure/{}`).

    Raises `FileNotFoundError` if there are none, `OSError` if one cannot be opened.
    """

    __slots__ = ("_files", "_parsed", "_resources", "places", "stalls", "texts")

    def __init__(self, budget: OpenFiles, paths: str) -> None:
        there = {name: path for name in RESOURCES if os.path.exists(path := paths.format(name))}
        if not there:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), paths.format("*"))
        self._resources = _shared(tuple(there))
        self._files = FileSet(budget, [*there.values()])
        self.texts = [b""] * len(there)
        self._parsed: list[Mapping[str, Stall]] = [{}] * len(there)
        self.places: tuple[Place, ...] = ()
        """What `stalls` are of."""
        self.stalls: Sequence[Stall] = ()
        """As last read; the same object while nothing changed."""

    @property
    def descriptors(self) -> Sequence[int]:
        """Of the files that are kept open; empty if the budget did not allow it."""
        return self._files.descriptors

    def read(self) -> None:
        """Renew `stalls`. Raises `OSError`, `ValueError`."""
        files = self._files
        try:
            descriptors = files.descriptors or files.borrow()
            self.take(read_all(descriptors))
        finally:
            files.give_back()

    def take(self, texts: Sequence[bytes]) -> None:
        """Renew `stalls` from what was read elsewhere. Raises `ValueError`.

        Only what changed is parsed: of a busy cgroup most files stay the same.
        """
        if texts == self.texts:
            return
        for at, text in enumerate(texts):
            if text != self.texts[at]:
                self._parsed[at] = parse_pressure(text)
                self.texts[at] = text
        places = tuple([(name, kind) for name, of in zip(self._resources, self._parsed, strict=True) for kind in of])
        if places != self.places:
            self.places = _shared(places)
        self.stalls = [stall for stalls in self._parsed for stall in stalls.values()]

    def close(self) -> None:
        self._files.close()


class PressureSeries:
    """For each place the averages over all windows and then the time lost, of a task or (None) of the machine."""

    __slots__ = ("_average", "_lost", "_places", "_series", "_task")

    def __init__(self, average: Metric, lost: Metric, task: Task | None = None) -> None:
        self._average = average
        self._lost = lost
        self._task = task
        self._places: tuple[Place, ...] = ()
        self._series: tuple[Series, ...] = ()

    def of(self, places: Iterable[Place]) -> tuple[Series, ...]:
        """The same object as long as the places are the same."""
        if places is not self._places and (found := tuple(places)) != self._places:
            self._places = found
            self._series = tuple(series for place in self._places for series in self._of_one(place))
        return self._series

    def _of_one(self, place: Place) -> list[Series]:
        """Series of its own, not those that `Metric.series` remembers: 24 of a task would take six kilobytes more."""
        averages = [Series(self._average, self._task, levels) for levels in _by_window(place)]
        return [*averages, Series(self._lost, self._task, place)]


def read_all(descriptors: Iterable[int]) -> list[bytes]:
    """The texts of pressure files. Raises `OSError`."""
    return list(map(os.pread, descriptors, repeat(SIZE), repeat(0)))


@cache
def _by_window(place: Place) -> list[tuple[str, str, str]]:
    """One list for all tasks."""
    return [(*place, window) for window in WINDOWS]


@cache
def _shared(names: T) -> T:
    """The same object for all tasks: there are a handful."""
    return names


def values_of(stalls: Iterable[Sequence[float]]) -> list[Value]:
    """In the order of `PressureSeries`, the time lost in seconds."""
    return [value for *shares, lost in stalls for value in (*shares, lost / 1e6)]
