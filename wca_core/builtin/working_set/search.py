"""Finds how much memory a task works with: referenced memory grows after it was forgotten, until all of it is touched.

When it grows little beside the memory traffic of the task, cycle after cycle, that is its working set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from wca_core.model.metric import Value

TOLERATED_SHRINKAGE = 50
"""A fall of less than a fiftieth counts as none."""


@dataclass(frozen=True, slots=True)
class Rules:
    """When growth is little enough, and when what is referenced is forgotten.

    | `reset_cycles` | `stable_cycles` | forgotten |
    |---|---|---|
    | n > 0 | any | every n cycles |
    | 0 | > 0 | each time the memory was stable for so many cycles |
    | 0 | 0 or less | never |
    """

    reset_cycles: int
    stable_cycles: int = 0
    """Its absolute value is how many cycles in a row must be stable; 0: it is not looked for."""
    threshold: float | None = None
    """Growth below this share of the bytes moved is stable; None: it is not looked for."""

    @property
    def looks_for_size(self) -> bool:
        return self.stable_cycles != 0 and self.threshold is not None


class Verdict(NamedTuple):
    """What one cycle gave."""

    size: float | None
    """The working set that was found last [bytes]; None if none was, or if nothing is known of the traffic now."""
    forget: bool
    """Whether what is referenced is to be forgotten now."""


class WorkingSetSearch:
    """One task, cycle after cycle."""

    __slots__ = ("_cycle", "_first", "_found", "_is_starting", "_moved", "_referenced", "_rules", "_stable")

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._cycle = 0
        self._referenced: int | None = None
        self._moved: Value | None = None
        self._stable = 0
        self._first = 0
        """Referenced in the first of the stable cycles."""
        self._found: float | None = None
        self._is_starting = True
        """The first plateau of a task is its start-up, not its work."""

    def go_on(self, referenced: int, moved: Value | None) -> Verdict:
        """One cycle: memory referenced now, memory traffic so far (None: not known) [bytes]."""
        rules = self._rules
        self._cycle += 1
        size, forget = None, False
        if rules.looks_for_size and moved is not None and not self._has_fallen(referenced, moved):
            forget = self._look(referenced, moved)
            size = self._found
        if rules.reset_cycles > 0 and self._cycle % rules.reset_cycles == 0:
            forget = True
        if forget:
            self._stable, self._referenced = 0, None
        return Verdict(size, forget)

    def _has_fallen(self, referenced: int, moved: Value) -> bool:
        """Traffic that is counted anew is as good as none, but the next cycle is compared with this one."""
        if self._moved is None or moved >= self._moved:
            return False
        self._referenced, self._moved = referenced, moved
        return True

    def _look(self, referenced: int, moved: Value) -> bool:
        """Whether a plateau was reached after which all is to be forgotten."""
        wanted = abs(self._rules.stable_cycles)
        if self._referenced is not None and self._moved is not None and self._stable < wanted:
            self._compare(referenced, referenced - self._referenced, moved - self._moved)
        self._referenced, self._moved = referenced, moved
        if self._stable != wanted:
            return False
        self._stable += 1  # no more comparisons until all was forgotten
        if self._is_starting:
            self._is_starting = False
        else:
            self._found = (self._first + referenced) / 2
        return self._rules.reset_cycles == 0 and self._rules.stable_cycles > 0

    def _compare(self, referenced: int, growth: int, traffic: Value) -> None:
        """An idle task is never stable: where nothing moves, nothing is known."""
        assert self._rules.threshold is not None
        if growth < 0 and -growth < referenced / TOLERATED_SHRINKAGE:
            growth = 0
        if growth < 0 or growth >= traffic * self._rules.threshold:
            self._stable = 0
            return
        if self._stable == 0:
            self._first = referenced
        self._stable += 1
