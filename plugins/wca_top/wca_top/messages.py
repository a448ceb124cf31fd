"""Log records while the terminal belongs to the view: kept, to be shown when asked for."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout

from wca_core import logs

KEPT = 200
LOGGER = "wca"


class _Keeper(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.kept: deque[str] = deque(maxlen=KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        moment = time.strftime("%H:%M:%S", time.localtime(record.created))
        self.kept.append(f"{moment} {record.levelname} {record.name}: {record.getMessage()}")


@contextmanager
def kept_messages() -> Iterator[Sequence[str]]:
    """The last warnings and errors, growing; nothing is written meanwhile, and again to standard error after it."""
    keeper = _Keeper()
    logs.direct("text", os.devnull)
    logs.configure({LOGGER: "warning"})
    logging.getLogger(LOGGER).addHandler(keeper)
    try:
        yield keeper.kept
    finally:
        logging.getLogger(LOGGER).removeHandler(keeper)
        logs.direct()
        with redirect_stdout(sys.stderr):
            logs.configure({LOGGER: "warning"})
