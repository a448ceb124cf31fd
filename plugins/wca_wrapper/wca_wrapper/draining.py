"""Reads a pipe of the application to its end, whatever anybody does with what is read: a full pipe would block it."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import TypeAlias

from wca_wrapper.echo import Echo
from wca_wrapper.lines import Lines

log = logging.getLogger("wca.wrapper")

CHUNK = 1 << 16

Take: TypeAlias = Callable[[list[str] | None], None]
"""Given lines, and None at the end."""


class Drain:
    """One pipe and its thread."""

    def __init__(self, pipe: int, echo: Echo | None, take: Take | None, ended: Callable[[], None]) -> None:
        """`pipe`: closed at its end. `take`: None for a stream that is not parsed."""
        self._pipe = pipe
        self._echo = echo
        self._take = take
        self._ended = ended
        self.is_echoing = False
        """It waits for whoever reads our own output."""
        threading.Thread(target=self._run, name="drain", daemon=True).start()

    def _run(self) -> None:
        lines = Lines()
        try:
            while chunk := os.read(self._pipe, CHUNK):
                if self._echo is not None:
                    self.is_echoing = True
                    self._echo.write(chunk)
                    self.is_echoing = False
                if self._take is not None:
                    self._take(list(lines.feed(chunk)))
        except OSError as error:
            log.warning("a pipe of the application cannot be read: %s", error)
        finally:
            os.close(self._pipe)
            if self._echo is not None:
                self._echo.end()
            if self._take is not None:
                self._take(list(lines.end()))
                self._take(None)
            self._ended()
