"""What a parser is.

A class constructed with the keywords `regexp`, `separator`, `labels` and `metric_name_prefix` (and options of its own),
which is fed lines. Optional attributes say more:

| attribute | |
|---|---|
| `unreadable_lines` | how many lines looked relevant and could not be read |
| `has_ended` | true once the end marker of the tool has come: what follows is not parsed |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from wca_wrapper.measurement import Measurement


@runtime_checkable
class Parser(Protocol):
    """Called in one thread; should raise nothing, whatever a line holds."""

    def feed(self, line: str) -> Sequence[Measurement]:
        """What this line, without its end, completes: one update, each measurement given once."""

    def end(self) -> Sequence[Measurement]:
        """What is left at the end of the output."""
