"""Whole steps, out of the streams of which each is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wca_core.hookspecs import Stream
from wca_core.model.metric import Samples


@dataclass(frozen=True, slots=True, eq=False)
class StoredStep:
    """All that was stored of one step."""

    streams: tuple[tuple[Stream, Samples], ...]


class Steps:
    """Puts streams together, and shows a step when its last stream has come.

    The agent stores metrics last. A storage that is given no metrics learns from the second step which of its streams
    is the last; until then it shows nothing.
    """

    def __init__(self, ended: Callable[[], None]) -> None:
        self.newest: StoredStep | None = None
        """Replaced as a whole: readers are other threads."""
        self._ended = ended
        self._last: Stream = "metrics"
        self._coming: dict[Stream, Samples] = {}

    def add(self, samples: Samples, stream: Stream) -> None:
        """Take a stream of the step that goes on."""
        if stream in self._coming:  # the next step has begun, so what came last was the end of one
            self._last = next(reversed(self._coming))
            self._coming = {}
        self._coming[stream] = samples
        if stream == self._last:
            self.newest = StoredStep(tuple(self._coming.items()))
            self._coming = {}
            self._ended()
