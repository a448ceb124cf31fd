"""Where log records go: standard output, or a file that may be rotated.

| output | written as |
|---|---|
| the journal, if `JOURNAL_STREAM` names this very stream | priority instead of time |
| a terminal, without `NO_COLOR` | with the level in colour |
| anything else | plain |
"""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol, TextIO

from wca_core.errors import ConfigurationError
from wca_core.logs.formats import ColourFormatter, JournalFormatter, TextFormatter


class Sink(Protocol):
    """What takes lines."""

    def write(self, text: str) -> None:
        """Write lines, each ended, at once and whole; what cannot be written is dropped."""

    def reopen(self) -> None:
        """Open what stands under the same name now. Raises `ConfigurationError`, and goes on with what it has."""

    def formatter(self) -> logging.Formatter:
        """How text is written there."""


class StandardOutput:
    """Standard output; whether anybody reads it is not the agent's concern.

    Not through a `StreamHandler`: without a standard output that takes standard error, where the metrics go, and what
    it could not write stays in the buffer of the stream, whose last flush then makes 120 of the exit code.
    """

    def __init__(self) -> None:
        self._stream = sys.stdout

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # ValueError: it is closed
            if self._stream is not None:
                _write(self._stream, text)

    def reopen(self) -> None:
        """It has no name to be opened by."""

    def formatter(self) -> logging.Formatter:
        if _is_journal(self._stream, os.environ):
            return JournalFormatter()
        return ColourFormatter() if _takes_colour(self._stream, os.environ) else TextFormatter()


class LogFile:
    """A file that grows, for its owner and group to read. Raises `ConfigurationError` if it cannot be opened."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = self._opened()

    def write(self, text: str) -> None:
        with suppress(OSError):
            _write_whole(self._descriptor, text)

    def reopen(self) -> None:
        old, self._descriptor = self._descriptor, self._opened()
        os.close(old)

    def formatter(self) -> logging.Formatter:
        return TextFormatter()

    def _opened(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK  # no waiting for a pipe's reader
        try:
            return os.open(self._path, flags, 0o640)
        except OSError as error:
            raise ConfigurationError(
                f"--log-file {self._path}: a file expected that the agent may write to, found: {error.strerror}"
            ) from error


def _is_journal(stream: TextIO | None, environment: Mapping[str, str]) -> bool:
    """Whether this is the stream that `JOURNAL_STREAM` names by device and inode (systemd.exec(5))."""
    named = environment.get("JOURNAL_STREAM")
    if not named or stream is None:
        return False
    with suppress(OSError, ValueError):
        status = os.fstat(stream.fileno())
        return named == f"{status.st_dev}:{status.st_ino}"
    return False


def _takes_colour(stream: TextIO | None, environment: Mapping[str, str]) -> bool:
    if environment.get("NO_COLOR") or environment.get("TERM", "dumb") == "dumb":
        return False
    with suppress(OSError, ValueError):
        return stream is not None and stream.isatty()
    return False


def _write(stream: TextIO, text: str) -> None:
    try:
        descriptor = stream.fileno()
    except io.UnsupportedOperation:  # a stream without a file, as tests have
        stream.write(text)
        return
    _write_whole(descriptor, text)


def _write_whole(descriptor: int, text: str) -> None:
    rest = text.encode(errors="backslashreplace")  # a cgroup may have any bytes as its name
    while rest:
        rest = rest[os.write(descriptor, rest) :]
