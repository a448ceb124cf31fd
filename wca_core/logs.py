"""Log records: of which loggers, from which level on, where they go, and how many of each kind there were."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TextIO

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


class Output(logging.Handler):
    """Standard output; whether anybody reads it is not the agent's concern.

    Not a `StreamHandler`: without a standard output that takes standard error, where the metrics go, and what it could
    not write stays in the buffer of the stream, whose last flush then makes 120 of the exit code.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(FORMAT))
        self._stream = sys.stdout

    def emit(self, record: logging.LogRecord) -> None:
        self.write(self.format(record))

    def format(self, record: logging.LogRecord) -> str:
        try:
            return super().format(record)
        except Exception as error:  # noqa: BLE001  arguments that do not fit the message may raise anything
            place = f"{record.pathname}:{record.lineno}"
            message = f"{place} logs what cannot be formatted: {type(error).__name__}: {error}"
            return super().format(logging.makeLogRecord({**vars(record), "msg": message, "args": None}))

    def write(self, text: str) -> None:
        """Write lines at once and whole; what cannot be written is dropped."""
        with suppress(OSError, ValueError):  # ValueError: it is closed
            if self._stream is not None:
                _write(self._stream, text + "\n")


counted = CountingHandler()
"""The records of this process, which has one logging tree."""

_set_up: list[logging.Logger] = []
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
        from difflib import get_close_matches  # costs import time, needed only here

        close = get_close_matches(text.upper(), LEVELS, n=1)
        hint = f" (did you mean {close[0].lower()}?)" if close else ""
        raise ConfigurationError(f"log level {text!r}: one of {', '.join(LEVELS).lower()} expected{hint}")
    return text


def configure(command_line: Mapping[str, str], file: Mapping[str, str] | None = None) -> None:
    """Set up the loggers in place of what an earlier call set up.

    The command line goes over the file, and that over DEFAULT; `""` is the root logger. Each logger has handlers of
    its own and passes nothing on, so that a record is written and counted once.
    """
    logging.addLevelName(TRACE, "TRACE")
    for logger in _set_up:
        _reset(logger)
    levels: dict[logging.Logger, str] = {}
    for source in (DEFAULT, file or {}, command_line):  # by logger: "" and "root" are one
        levels.update({logging.getLogger(name): level for name, level in source.items()})
    _set_up[:] = levels
    for logger, level in levels.items():
        logger.setLevel(logging.getLevelName(level.upper()))
        logger.propagate = False
        logger.addHandler(Output())
        logger.addHandler(counted)
    if os.environ.get(DUMP) == "True":
        Output().write("\n".join(_described()))


def _write(stream: TextIO, text: str) -> None:
    try:
        descriptor = stream.fileno()
    except io.UnsupportedOperation:  # a stream without a file, as tests have
        stream.write(text)
        return
    rest = text.encode(errors="backslashreplace")  # a cgroup may have any bytes as its name
    while rest:
        rest = rest[os.write(descriptor, rest) :]


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
