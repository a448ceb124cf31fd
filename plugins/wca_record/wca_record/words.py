"""The dictionaries of a recording's columns of texts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from wca_record.schema import KINDS


class Words:
    """Texts by number: a dictionary column whose dictionary is written again only when words were added."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._codes: dict[str, int] = {word: at for at, word in enumerate(words)}
        self._array: pa.Array | None = None

    def __len__(self) -> int:
        return len(self._codes)

    def code(self, word: str | None) -> int | None:
        if word is None:
            return None
        word = word.encode(errors="backslashreplace").decode()  # lone surrogates: Arrow takes UTF-8 only
        found = self._codes.get(word)
        if found is None:
            found = self._codes[word] = len(self._codes)
            self._array = None
        return found

    @property
    def array(self) -> pa.Array:
        if self._array is None:
            self._array = pa.array(list(self._codes), pa.string())
        return self._array

    def column(self, codes: pa.Array) -> pa.Array:
        return pa.DictionaryArray.from_arrays(codes, self.array)


@dataclass(slots=True)
class Vocabulary:
    """The words of a file."""

    kinds: Words = field(default_factory=lambda: Words(KINDS))
    tasks: Words = field(default_factory=Words)
    metrics: Words = field(default_factory=Words)
    labels: Words = field(default_factory=Words)

    def __len__(self) -> int:
        return len(self.tasks) + len(self.metrics) + len(self.labels)
