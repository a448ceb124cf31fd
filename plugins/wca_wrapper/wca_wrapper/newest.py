"""The last value of each series, for who shows a state and not a stream of events."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from wca_core import Sample, Series

MOST_SERIES = 10_000
"""Labels that change with every line would make it grow without end: those not written for longest go."""


class Newest:
    """Used by any thread."""

    def __init__(self, ttl: float = 0.0, now: Callable[[], float] = time.monotonic) -> None:
        """`ttl`: seconds after which a value that was not written again is forgotten; 0: never."""
        self._ttl = ttl
        self._now = now
        self._using = threading.Lock()
        self._values: dict[Series, tuple[float, float]] = {}
        self._by_identity: dict[tuple[str, tuple[tuple[str, str], ...]], Series] = {}

    def add(self, samples: Iterable[Sample]) -> None:
        now = self._now()
        with self._using:
            for sample in samples:
                identity = sample.name, sample.series.free_labels
                series = self._by_identity.setdefault(identity, sample.series)
                self._values[series] = sample.value, now
            while len(self._values) > MOST_SERIES:
                self._forget(min(self._values, key=lambda one: self._values[one][1]))

    def samples(self) -> list[Sample]:
        """Those that are not too old."""
        with self._using:
            if self._ttl:
                oldest = self._now() - self._ttl
                for series in [one for one, (_, at) in self._values.items() if at < oldest]:
                    self._forget(series)
            return [series.at(value) for series, (value, _) in self._values.items()]

    def _forget(self, series: Series) -> None:
        del self._values[series], self._by_identity[series.name, series.free_labels]
