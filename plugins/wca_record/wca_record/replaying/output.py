"""Where a replay goes step by step: lines on standard output, progress on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from typing import TYPE_CHECKING

from wca_core.overview.text import duration

if TYPE_CHECKING:
    from wca_record.replaying.result import ReplayedStep

EVERY = 0.5
"""Seconds from one line of progress to the next."""
ERASED = "\r\x1b[K"

Lines = Callable[["ReplayedStep"], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Style:
    """What is written of each step."""

    is_json: bool = False
    with_samples: bool = False
    only_summary: bool = False

    def lines(self, step: ReplayedStep) -> Iterator[str]:
        if self.only_summary:
            return
        if self.is_json:
            from wca_record.replaying.json_lines import json_line

            yield json_line(step, with_samples=self.with_samples)
            return
        from wca_record.replaying.text_lines import text_lines

        yield from text_lines(step, with_samples=self.with_samples)


class Output:
    """Writes lines to what is standard output now; whatever plugins print goes elsewhere.

    Progress stands on the last line of the terminal until something else is written there.
    """

    def __init__(self, style: Style, *, shows_progress: bool, is_followed: bool = False) -> None:
        """`is_followed`: somebody reads along, as the steps come in their own time."""
        self._style = style
        self._out = sys.stdout
        if isinstance(self._out, TextIOWrapper):
            self._out.reconfigure(encoding="utf-8")  # the same bytes wherever it is
        self._is_followed = is_followed or self._out.isatty()
        self._shows_progress = shows_progress and sys.stderr.isatty()
        self._due = time.monotonic() + EVERY
        self._stands = False

    def write(self, step: ReplayedStep) -> None:
        for line in self._style.lines(step):
            self.clear()
            print(line, file=self._out, flush=self._is_followed)
        if self._shows_progress and time.monotonic() >= self._due:
            self._due = time.monotonic() + EVERY
            self._stands = True
            print(f"{ERASED}step {step.number}, {duration(step.seconds)}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Nothing is held back."""
        self.clear()
        self._out.flush()

    def clear(self) -> None:
        """Take away the progress that stands there."""
        if self._stands:
            self._stands = False
            print(ERASED, end="", file=sys.stderr, flush=True)
