"""How wide text is in a terminal: a character of East Asia takes two cells, one that joins the one before none."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from itertools import accumulate

_JOINED = frozenset({"Mn", "Me", "Cf"})


def width_of(text: str) -> int:
    """In cells."""
    return len(text) if text.isascii() else sum(map(_width, text))


def cut(text: str, width: int) -> str:
    """As much of the beginning as fits into so many cells."""
    return text[: _fitting(text, width)]


def shortened(text: str, width: int) -> str:
    """At most `width` cells: the ends of long names tell more than their middles."""
    if width_of(text) <= width:
        return text
    kept = max(0, width - 1)
    end = _fitting(reversed(text), kept - kept // 2)
    return cut(f"{cut(text, kept // 2)}…{text[len(text) - end :]}", width)


def padded(text: str, width: int) -> str:
    """With blanks behind it up to so many cells."""
    return text + " " * (width - width_of(text))


def _fitting(characters: Iterable[str], width: int) -> int:
    """How many characters from the first on fit."""
    return sum(reached <= width for reached in accumulate(map(_width, characters)))


def _width(character: str) -> int:
    if unicodedata.category(character) in _JOINED:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
