"""Every update on standard error, with timestamps and an empty line behind it; the wrapper's own numbers at the end."""

from __future__ import annotations

import time
from collections.abc import Callable

from wca_core.exposition import Page
from wca_core.model.metric import Samples
from wca_wrapper.storing import Update
from wca_wrapper.tally import Tally


class StandardErrorOutput:
    """Shares standard error with what the application prints there: `write` takes whole lines."""

    name = "standard error"
    shows_state = False
    forgets = False

    def __init__(self, write: Callable[[bytes], None], tally: Tally) -> None:
        self._write = write
        self._tally = tally
        self._page = Page(timestamps=True)

    def store(self, update: Update) -> None:
        samples = Samples.of(update or self._tally.samples())
        self._write(self._page.text(samples, time.time()) + b"\n")

    def refresh(self) -> None:
        """An update that was printed cannot be taken back."""

    def stop(self) -> None:
        """Standard error stays open."""
