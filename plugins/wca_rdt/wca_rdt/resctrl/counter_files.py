"""The files of one group's `mon_data`, kept open and read together in every step.

Each read makes the kernel ask the hardware anew, on a CPU of that cache. A file of a removed group answers
that it is gone, also after a group of the same name was made.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator, Sequence

from wca_core.linux.files import FileSet, OpenFiles, is_gone
from wca_rdt.resctrl.accumulators import Place
from wca_rdt.resctrl.information import DOMAIN
from wca_rdt.resctrl.values import ERROR, GONE, Reading, parse_reading

SIZE = 64
"""Of the buffer: a number has at most 20 digits."""

PACKAGE = re.compile(r"mon_PERF_PKG_(\d{1,9})")

_INVALID = frozenset({errno.EINVAL, errno.EIO, errno.ENODATA})


class CounterFiles:
    """The wanted files of one group that are there. Raises `OSError` if they cannot be listed or opened."""

    __slots__ = ("_files", "places")

    def __init__(self, budget: OpenFiles, mon_data: str, events: Sequence[str], telemetry: Sequence[str] = ()) -> None:
        found = [*_files(mon_data, DOMAIN, events), *(_files(mon_data, PACKAGE, telemetry) if telemetry else ())]
        self.places: tuple[Place, ...] = tuple(place for place, _ in found)
        self._files = FileSet(budget, [path for _, path in found])

    def read(self) -> dict[Place, Reading]:
        """One reading of each file; the word `gone` where it was removed.

        Raises `OSError` if a file cannot be opened again, or not be read for an undocumented reason.
        """
        files = self._files
        try:
            descriptors = files.descriptors or files.borrow()
            return dict(zip(self.places, map(_read, descriptors), strict=True))
        finally:
            files.give_back()

    def close(self) -> None:
        self._files.close()


def _files(mon_data: str, form: re.Pattern[str], events: Sequence[str]) -> Iterator[tuple[Place, str]]:
    for number, name in _numbered(os.listdir(mon_data), form.fullmatch):
        there = set(os.listdir(f"{mon_data}/{name}"))
        yield from (((event, number), f"{mon_data}/{name}/{event}") for event in events if event in there)


def _numbered(names: Sequence[str], match: Callable[[str], re.Match[str] | None]) -> list[tuple[int, str]]:
    return sorted((int(found[1]), name) for name in names if (found := match(name)) is not None)


def _read(descriptor: int) -> Reading:
    try:
        return parse_reading(os.pread(descriptor, SIZE, 0))
    except OSError as error:
        if error.errno in _INVALID:
            return ERROR
        if is_gone(error):
            return GONE
        raise
