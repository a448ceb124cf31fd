"""The last value of everything in one file, replaced at once: for textfile collectors."""

from __future__ import annotations

import os

from wca_core.builtin.log_storage import remove_stale, replace
from wca_core.errors import ConfigurationError
from wca_core.exposition import Page
from wca_core.model.metric import Samples
from wca_wrapper.newest import Newest
from wca_wrapper.storing import Update
from wca_wrapper.tally import Tally

MODE = 0o644


class FileOutput:
    """Without timestamps, which such collectors refuse. Raises `ConfigurationError` if its directory is not there."""

    shows_state = True

    def __init__(self, path: str, tally: Tally, newest: Newest, *, forgets: bool = False) -> None:
        self.name = path
        self.forgets = forgets
        self._target = os.path.realpath(path)
        self._tally = tally
        self._newest = newest
        self._page = Page()
        directory = os.path.dirname(self._target)
        if not os.path.isdir(directory):
            raise ConfigurationError(f"storage_output_filename: the directory {directory} does not exist")
        if os.path.isdir(self._target):
            raise ConfigurationError(f"storage_output_filename: {path} is a directory; a file expected")
        remove_stale(self._target)

    def store(self, update: Update) -> None:
        self.refresh()

    def refresh(self) -> None:
        samples = Samples.of([*self._newest.samples(), *self._tally.samples()])
        replace(self._target, self._page.parts(samples), MODE)

    def stop(self) -> None:
        """The file stays, with the last values."""
