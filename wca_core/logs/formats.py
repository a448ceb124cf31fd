"""How a record is written: a line for people, for the journal, or an object for programs."""

from __future__ import annotations

import logging
import time

PLAIN = "%(asctime)s %(levelname)-8s {%(threadName)s} %(name)s: %(message)s"
IN_JOURNAL = "{%(threadName)s} %(name)s: %(message)s"

_COLOURS = {logging.CRITICAL: "1;31", logging.ERROR: "31", logging.WARNING: "33"}


class TextFormatter(logging.Formatter):
    """Time, level, thread, logger, message; below it the traceback where there is one."""

    def __init__(self, style: str = PLAIN) -> None:
        super().__init__(style)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the name of the standard library
        again = again_of(record)
        return super().formatMessage(record) + (f" ({again} more of the same)" if again else "")


class ColourFormatter(TextFormatter):
    """The same with the level in colour."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        text = super().formatMessage(record)
        colour = _COLOURS.get(record.levelno)
        return text.replace(record.levelname, f"\033[{colour}m{record.levelname}\033[0m", 1) if colour else text


class JournalFormatter(TextFormatter):
    """Priority, thread, logger, message: the journal has the time itself.

    Each line has the priority (sd-daemon(3)), so that the lines of a traceback are as grave as its record.
    """

    def __init__(self) -> None:
        super().__init__(IN_JOURNAL)

    def format(self, record: logging.LogRecord) -> str:
        prefix = f"<{priority(record.levelno)}>"
        return "\n".join(prefix + line for line in super().format(record).split("\n"))


class JsonFormatter(logging.Formatter):
    """An object on a line: `time` (RFC 3339, UTC), `level`, `logger`, `thread`, `message`.

    `again` is how often the same was said and not written before, `traceback` is there where one is.
    """

    def format(self, record: logging.LogRecord) -> str:
        import json  # needed by those who ask for it

        fields: dict[str, object] = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "thread": record.threadName,
            "message": record.getMessage(),
        }
        if again_of(record):
            fields["again"] = again_of(record)
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields)


def again_of(record: logging.LogRecord) -> int:
    """How often the same was said without being written; see `repetitions`."""
    again = getattr(record, "again", 0)
    return again if isinstance(again, int) else 0


def priority(level: int) -> int:
    """The syslog priority of a level."""
    for least, number in ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6)):
        if level >= least:
            return number
    return 7
