"""Log records: of which loggers, from which level on, where they go, and how many of each kind there were."""

from __future__ import annotations

import logging
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping

from wca_core.errors import ConfigurationError

TRACE = 9
LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "TRACE")
DEFAULT = {"wca": "info"}
FORMAT = "%(asctime)s %(levelname)-8s {%(threadName)s} %(name)s: %(message)s"
DUMP = "WCA_DUMP_LOGGERS"
"""Environment variable: with the value `True`, the loggers are printed once they are set up."""


class CountingHandler(logging.Handler):
    """Counts warnings and errors by logger, for `wca_warning_count` and `wca_error_count`."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        (self.errors if record.levelno >= logging.ERROR else self.warnings)[record.name] += 1


class Output(logging.StreamHandler):  # type: ignore[type-arg]  # generic for type checkers only
    """Standard output; whether anybody reads it is not the agent's concern."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)
        self.setFormatter(logging.Formatter(FORMAT))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  the name is logging's
        """Nothing: logging would print a traceback for every record."""


counted = CountingHandler()
"""The records of this process, which has one logging tree."""

_set_up: list[str] = []
"""The loggers that `configure` gave handlers."""


def parse_levels(values: Iterable[str]) -> dict[str, str]:
    """Levels by logger of repeated options `[MODULE:]LEVEL`, the last one counting; without module: of `wca`.

    Raises `ConfigurationError`.
    """
    levels = {}
    for value in values:
        module, colon, level = value.rpartition(":")
        if ":" in module or (colon and not (module and level)):
            raise ConfigurationError(f"log level {value!r}: LEVEL or MODULE:LEVEL expected")
        levels[module or "wca"] = check_level(level)
    return levels


def check_level(text: str) -> str:
    """The same text. Raises `ConfigurationError` if it is no level, in whatever case."""
    if text.upper() not in LEVELS:
        raise ConfigurationError(f"log level {text!r}: one of {', '.join(LEVELS).lower()} expected")
    return text


def configure(command_line: Mapping[str, str], file: Mapping[str, str] | None = None) -> None:
    """Set up the loggers in place of what an earlier call set up.

    The command line goes over the file, and that over DEFAULT; `""` is the root logger. Each logger has handlers of
    its own and passes nothing on, so that a record is written and counted once.
    """
    logging.addLevelName(TRACE, "TRACE")
    for name in _set_up:
        _reset(logging.getLogger(name))
    levels = {**DEFAULT, **(file or {}), **command_line}
    _set_up[:] = levels
    for name, level in levels.items():
        logger = logging.getLogger(name)
        logger.setLevel(logging.getLevelName(level.upper()))
        logger.propagate = False
        logger.addHandler(Output())
        logger.addHandler(counted)
    if os.environ.get(DUMP) == "True":
        print("\n".join(_described()))


def _reset(logger: logging.Logger) -> None:
    for handler in list(logger.handlers):
        if handler is counted or isinstance(handler, Output):
            logger.removeHandler(handler)
    logger.propagate = True
    logger.setLevel(logging.NOTSET if logger.name != "root" else logging.WARNING)


def _described() -> Iterable[str]:
    """A line for each logger there is."""
    for name in ["", *sorted(logging.root.manager.loggerDict)]:
        logger = logging.getLogger(name)
        handlers = ", ".join(type(handler).__name__ for handler in logger.handlers) or "-"
        effective = logging.getLevelName(logger.getEffectiveLevel())
        yield f"{name or '(root)':<30} {effective:<8} handlers: {handlers}  propagates: {logger.propagate}"
