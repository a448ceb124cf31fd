"""A long file of numbers as one block, whose series stay the same object while the file's words do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Generic, TypeVar

from wca_core.host import Host
from wca_core.linux.files import FileSet
from wca_core.linux.places import Number, Places
from wca_core.linux.seq_file import read_parts
from wca_core.model.metric import Block, Series

K = TypeVar("K")


class NumberFile(Generic[K]):
    """One such file, opened when first read. `series_of` says which series, if any, show the number of a key."""

    def __init__(
        self,
        host: Host,
        path: str,
        parse: Callable[[bytes], Mapping[K, Number]],
        series_of: Callable[[K], Iterable[Series]],
    ) -> None:
        self.path = path
        self._budget = host.open_files
        self._parse = parse
        self._series_of = series_of
        self._files: FileSet | None = None
        self._places: Places | None = None
        self._series: tuple[Series, ...] = ()

    def block(self) -> Block:
        """The numbers that the file holds now. Raises `OSError`, `ValueError`."""
        text = self._read()
        if self._places is not None:
            with suppress(ValueError):  # the kernel tells of other things than before
                return Block(self._series, self._places.numbers(text))
        return self._looked_through(text)

    def close(self) -> None:
        if self._files is not None:
            self._files.close()
            self._files = None

    def _read(self) -> bytes:
        if self._files is None:
            self._files = FileSet(self._budget, [self.path])
        try:
            return read_parts((self._files.descriptors or self._files.borrow())[0])
        finally:
            self._files.give_back()

    def _looked_through(self, text: bytes) -> Block:
        shown = [(series, number) for key, number in self._parse(text).items() for series in self._series_of(key)]
        series = tuple(series for series, _ in shown)
        values = [number.value for _, number in shown]
        self._series = self._series if series == self._series else series
        self._places = None
        places = [number.at for _, number in shown if number.at is not None]
        if len(places) == len(shown):
            found = Places(text, places)
            with suppress(ValueError):
                self._places = found if found.numbers(text) == values else None
        return Block(self._series, values)
