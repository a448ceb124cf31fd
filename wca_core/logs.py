"""Log records: where they go, and how many of each kind there were."""

from __future__ import annotations

import logging
import sys
from collections import Counter

TRACE = 9
LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "TRACE")
FORMAT = "%(asctime)s %(levelname)-8s {%(threadName)s} %(name)s: %(message)s"


class CountingHandler(logging.Handler):
    """Counts warnings and errors by logger, for `wca_warning_count` and `wca_error_count`."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        (self.errors if record.levelno >= logging.ERROR else self.warnings)[record.name] += 1


counted = CountingHandler()
"""The records of this process, which has one logging tree."""


def configure(level: str = "INFO") -> None:
    """Send the records of `wca` and below to standard output. Raises `ValueError` for an unknown level."""
    logging.addLevelName(TRACE, "TRACE")
    if level.upper() not in LEVELS:
        raise ValueError(f"unknown log level {level!r}; expected one of {', '.join(LEVELS)}")
    logger = logging.getLogger("wca")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    output = logging.StreamHandler(sys.stdout)
    output.setFormatter(logging.Formatter(FORMAT))
    logger.addHandler(output)
    logger.addHandler(counted)
    logger.setLevel(logging.getLevelName(level.upper()))
    logger.propagate = False
