"""What plugins did wrong in a step: told with the step's time, and kept."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from wca_core.dispatch import Dispatcher
from wca_core.model.statistics import Statistics
from wca_record.replaying.result import Failure

TOLD_BY = "wca.dispatch"
"""The logger of who calls plugins."""


class Failures(logging.Filter):
    """Counts by the statistics of the dispatcher; what was said about it is heard on its way to the log."""

    def __init__(self, statistics: Statistics) -> None:
        super().__init__()
        self._statistics = statistics
        self._counted: dict[tuple[str, str], int] = {}
        self._heard: list[tuple[str, BaseException | None]] = []
        self._moment = ""

    def filter(self, record: logging.LogRecord) -> bool:
        arguments = record.args if isinstance(record.args, tuple) else ()
        error = next((one for one in arguments if isinstance(one, BaseException)), None)
        self._heard.append((record.getMessage(), error))
        record.msg, record.args = f"{self._moment}: {record.getMessage()}", ()
        return True

    @contextmanager
    def listening(self, moment: str) -> Iterator[None]:
        """`moment`: when in the recording, for whoever reads the log."""
        self._moment = moment
        self._heard.clear()
        logger = logging.getLogger(TOLD_BY)
        logger.addFilter(self)
        try:
            yield
        finally:
            logger.removeFilter(self)

    def new(self, dispatcher: Dispatcher, seconds: float) -> Sequence[Failure]:
        """Those since the last time. A call that is left out because the plugin pauses is none."""
        found: list[Failure] = []
        for binding in dispatcher.bindings:
            for hook, count in self._statistics.plugin(binding.name).errors.items():
                if count > self._counted.get((binding.name, hook), 0):
                    self._counted[binding.name, hook] = count
                    found.append(Failure(seconds, binding.name, hook, *self._about(binding.name, hook)))
        return found

    def _about(self, plugin: str, hook: str) -> tuple[str, BaseException | None]:
        """What was said of it; the log may have been told to keep quiet."""
        said = [one for one in self._heard if plugin in one[0] and hook in one[0]]
        return said[0] if said else (f"plugin {plugin} failed in {hook}", None)
