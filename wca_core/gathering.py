"""Puts together what hooks gave: samples and blocks become two columns, and only numbers get in.

The column of series stays the very same object while the series stay the same, so that nobody
behind it has to look at each of them again: a step then touches values only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from operator import is_

from wca_core.errors import ContractError
from wca_core.model.metric import Block, Sample, Samples, Series, are_plain_numbers


class Concatenation:
    """Parts as one list: the same list again while the parts are the same objects, or equal."""

    def __init__(self) -> None:
        self._parts: Sequence[Sequence[Series]] = ()
        self._whole: list[Series] = []

    def of(self, parts: Sequence[Sequence[Series]]) -> list[Series]:
        """`parts` must not be changed afterwards."""
        if len(parts) != len(self._parts) or not all(map(is_, parts, self._parts)):
            self._parts = parts
            whole = [*chain.from_iterable(parts)]
            if whole != self._whole:
                self._whole = whole
        return self._whole


class Gatherer:
    """Takes apart what one hook of one plugin gives, step after step."""

    def __init__(self) -> None:
        self._concatenation = Concatenation()
        self._singles: tuple[Series, ...] = ()
        self._good: list[Series] | None = None

    def gather(self, items: Iterable[object]) -> tuple[Samples, list[object], str | None]:
        """The samples, what is none, and what is wrong with the first bad one, which is left out.

        Raises `ContractError` or `TypeError` for a block without a value for each series.
        """
        blocks: list[Block] = []
        singles: list[Sample] = []
        rest: list[object] = []
        for item in items:
            if type(item) is Block:
                blocks.append(item)
            elif type(item) is Sample:
                singles.append(item)
            else:
                rest.append(item)
        series = self._concatenation.of([*map(_series_of, blocks), *self._series_of_singles(singles)])
        values = [*chain.from_iterable([block.values for block in blocks]), *[sample.value for sample in singles]]
        samples, complaint = self._checked(Samples(series, values))
        return samples, rest, complaint

    def _series_of_singles(self, singles: Sequence[Sample]) -> list[tuple[Series, ...]]:
        series = tuple([sample.series for sample in singles])
        if series != self._singles:
            self._singles = series
        return [self._singles]

    def _checked(self, samples: Samples) -> tuple[Samples, str | None]:
        """A value must be a finite int or float, never a bool."""
        complaint = None
        is_known = samples.series is self._good
        if (is_known or _are_series(samples.series)) and are_plain_numbers(samples.values):
            self._good = samples.series
        else:
            samples, complaint = _sorted_out(samples)
        samples.are_plain = True
        return samples, complaint


def joined(parts: Sequence[Samples], concatenation: Concatenation | None = None) -> Samples:
    """All samples of these, in this order; with a `concatenation` the same list of series while they stay the same."""
    series = (concatenation or Concatenation()).of([part.series for part in parts])
    samples = Samples(series, [*chain.from_iterable([part.values for part in parts])])
    samples.are_plain = all(part.are_plain for part in parts)
    return samples


def _series_of(block: Block) -> Sequence[Series]:
    if len(block.series) != len(block.values):
        counts = f"{len(block.series)} series with {len(block.values)} values"
        raise ContractError(f"gave a block of {counts}; a value for each series expected")
    return block.series if type(block.series) is tuple else tuple(block.series)  # a list may change behind our back


def _are_series(series: Sequence[Series]) -> bool:
    return frozenset((Series,)).issuperset(map(type, series))


def _sorted_out(samples: Samples) -> tuple[Samples, str | None]:
    good = Samples()
    complaint = None
    for series, value in zip(samples.series, samples.values, strict=True):
        if type(series) is Series and are_plain_numbers((value,)):
            good.series.append(series)
            good.values.append(value)
        else:
            complaint = complaint or f"gave {_shown(value)} for {series}; a finite number expected"
    return good, complaint


def _shown(value: object) -> str:
    kind = type(value).__name__
    try:
        return f"{value!r:.80} ({kind})"
    except Exception:  # noqa: BLE001  what a plugin gave may raise anything, and an int of 5000 digits has no repr
        return f"a value that cannot be shown ({kind})"
