"""Long kernel files whose words stay where they are from read to read: only numbers change.

Taking some hundred numbers by place costs a tenth of looking at each line again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import NamedTuple


class Number(NamedTuple):
    """A number that a parser found, and which word of the text it is; None: it may not be looked for there again."""

    value: int | float
    at: int | None


class Places:
    """Where whole numbers are in such a text; all words that are no numbers tell whether they still are there."""

    __slots__ = ("_count", "_pick_names", "_pick_numbers", "_words")

    def __init__(self, text: bytes, numbers: Iterable[int]) -> None:
        words = text.split()
        self._count = len(words)
        self._pick_names = _picker([at for at, word in enumerate(words) if not word.isdigit()])
        self._pick_numbers = _picker(list(numbers))
        self._words = self._pick_names(words)

    def numbers(self, text: bytes) -> list[int]:
        """The numbers in the order of their places. Raises `ValueError` if the words are not as they were."""
        words = text.split()
        if len(words) != self._count or self._pick_names(words) != self._words:
            raise ValueError("has other words than before")
        return list(map(int, self._pick_numbers(words)))


def _picker(positions: Sequence[int]) -> Callable[[Sequence[bytes]], Sequence[bytes]]:
    if len(positions) > 1:
        return itemgetter(*positions)
    return lambda words: tuple(words[at] for at in positions)
