"""What the application prints goes on to where it would have gone without us, in whole lines."""

from __future__ import annotations

import logging
import os
import select
import threading

log = logging.getLogger("wca.wrapper")

LONGEST_HELD = 1 << 20
"""Bytes of a line without end that wait for it."""


class Shared:
    """One of our own streams, written by several threads; nothing more goes to one whose reader has gone."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._writing = threading.Lock()
        self._is_open = True

    def write(self, text: bytes) -> None:
        """All of it, without anything of others in between. Waits for a slow reader."""
        rest = memoryview(text)
        with self._writing:
            try:
                while rest and self._is_open:
                    rest = rest[self._written(rest) :]
            except OSError as error:
                self._is_open = False
                log.warning("nothing more is written to file descriptor %d: %s", self._descriptor, error)

    def _written(self, text: memoryview) -> int:
        """How much could be written; whoever shares a stream with us may have made it one that does not wait."""
        try:
            return os.write(self._descriptor, text)
        except BlockingIOError:
            full = select.poll()
            full.register(self._descriptor, select.POLLOUT)
            full.poll()
            return 0


class Echo:
    """One stream of the application, put into whole lines."""

    def __init__(self, to: Shared) -> None:
        self._to = to
        self._held = b""

    def write(self, chunk: bytes) -> None:
        text = self._held + chunk
        end = max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
        if len(text) - end > LONGEST_HELD:
            end = len(text)
        self._held = text[end:]
        if end:
            self._to.write(text[:end])

    def end(self) -> None:
        """Let go of a last line without end, which gets one: what others write must not stand behind it."""
        if self._held:
            self._to.write(self._held + b"\n")
            self._held = b""
