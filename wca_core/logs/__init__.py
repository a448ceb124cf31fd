"""Log records: of which loggers, from which level on, where they go, and how many of each kind there were."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterable, Mapping

from wca_core.errors import ConfigurationError
from wca_core.logs.formats import JsonFormatter
from wca_core.logs.repetitions import Repetitions
from wca_core.logs.sinks import LogFile, Sink, StandardOutput

TRACE = 9
LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "TRACE")
FORMATS = ("text", "json")
DEFAULT = {"wca": "info"}
DUMP = "WCA_DUMP_LOGGERS"
"""Environment variable: with the value `True`, the loggers are printed once they are set up."""

log = logging.getLogger("wca.logs")


class CountingHandler(logging.Handler):
    """Counts warnings and errors by logger, for `wca_warning_count` and `wca_error_count`."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        (self.errors if record.levelno >= logging.ERROR else self.warnings)[record.name] += 1


class Output(logging.Handler):
    """Writes records to a sink, and what is said again only now and then."""

    def __init__(self, sink: Sink, style: str = "text") -> None:
        super().__init__()
        self.sink = sink
        self._repetitions = Repetitions()
        self.setFormatter(JsonFormatter() if style == "json" else sink.formatter())

    def emit(self, record: logging.LogRecord) -> None:
        for one in self._repetitions.heard(_sound(record)):
            self.sink.write(self.format(one) + "\n")

    def flush(self) -> None:
        """Tell the counts that wait; called at the end of the process too."""
        for one in self._repetitions.rest():
            self.sink.write(self.format(one) + "\n")


counted = CountingHandler()
"""The records of this process, which has one logging tree."""

_set_up: list[logging.Logger] = []
"""The loggers that `configure` gave handlers."""

_style = "text"
_file: LogFile | None = None
"""What `direct` was told; None: standard output."""


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
        raise ConfigurationError(f"log level {text!r}: one of {', '.join(LEVELS).lower()} expected{_hint(text)}")
    return text


def direct(style: str = "text", file: str | None = None) -> None:
    """Write what is logged from the next `configure` on in this format, to this file; None: standard output.

    Raises `ConfigurationError`.
    """
    global _style, _file
    if style not in FORMATS:
        raise ConfigurationError(f"--log-format {style!r}: one of {', '.join(FORMATS)} expected")
    _style, _file = style, LogFile(file) if file is not None else None


def reopen() -> None:
    """Open the log file again, which may have been moved away; one that cannot be opened is told in the old one."""
    if _file is not None:
        try:
            _file.reopen()
        except ConfigurationError as error:
            log.error("%s", error)


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
    output = Output(_file or StandardOutput(), _style)
    for logger, level in levels.items():
        logger.setLevel(logging.getLevelName(level.upper()))
        logger.propagate = False
        logger.addHandler(output)
        logger.addHandler(counted)
    if os.environ.get(DUMP) == "True":
        output.sink.write("\n".join([*_described(), ""]))


def _sound(record: logging.LogRecord) -> logging.LogRecord:
    """The record, or one that tells why it has no message: arguments that do not fit may raise anything."""
    try:
        record.getMessage()
    except Exception as error:  # noqa: BLE001
        place = f"{record.pathname}:{record.lineno}"
        message = f"{place} logs what cannot be formatted: {type(error).__name__}: {error}"
        return logging.makeLogRecord({**vars(record), "msg": message, "args": None})
    return record


def _hint(text: str) -> str:
    from difflib import get_close_matches  # costs import time, needed only here

    close = get_close_matches(text.upper(), LEVELS, n=1)
    return f" (did you mean {close[0].lower()}?)" if close else ""


def _reset(logger: logging.Logger) -> None:
    for handler in list(logger.handlers):
        if handler is counted or isinstance(handler, Output):
            handler.flush()
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
