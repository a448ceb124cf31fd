"""Standard input of which nobody is at the other end, and standard output that is kept."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wca_core.testing.conformance.watch import Watch

QUESTION = "it reads from standard input, and nobody is there"


class NobodyError(Exception):
    """There is nobody at the terminal."""


class Nobody(io.TextIOBase):
    """Who asks is told that nobody is there, and `watch` that somebody asked: who asks may catch the error."""

    def __init__(self, watch: Watch | None) -> None:
        self._watch = watch

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        if self._watch is not None:
            self._watch.questions.append(QUESTION)
        raise NobodyError(QUESTION)

    def read(self, size: int | None = -1, /) -> str:
        return self.readline()


@contextmanager
def at_nobodys_terminal(output: io.StringIO, watch: Watch | None = None) -> Iterator[None]:
    before, sys.stdin = sys.stdin, Nobody(watch)
    try:
        with redirect_stdout(output):
            yield
    finally:
        sys.stdin = before
