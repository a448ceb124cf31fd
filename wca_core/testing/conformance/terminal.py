"""Standard input of which nobody is at the other end, and standard output that is kept."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


class NobodyError(Exception):
    """There is nobody at the terminal."""


class Nobody(io.TextIOBase):
    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        raise NobodyError("it reads from standard input, and nobody is there")

    def read(self, size: int | None = -1, /) -> str:
        return self.readline()


@contextmanager
def at_nobodys_terminal(output: io.StringIO) -> Iterator[None]:
    before, sys.stdin = sys.stdin, Nobody()
    try:
        with redirect_stdout(output):
            yield
    finally:
        sys.stdin = before
