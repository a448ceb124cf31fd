"""Tasks whose cgroups have the same files, read together and handled column by column.

One `map` reads all files of a group and one parses a column, so that a step runs no Python for each
task. A group only does what always works: whatever is unusual (a cgroup is gone, a counter fell, a file
changed its form) makes it fail as a whole, and its tasks are then read one by one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import chain
from operator import call, lt, ne
from typing import TypeAlias

from wca_core.builtin.cgroup.reading import NUMBER_SIZE, TABLE_SIZE, CgroupReading, Table
from wca_core.builtin.cgroup.task_measurement import TaskMeasurement
from wca_core.builtin.cgroup.task_usage import RETRY
from wca_core.model.metric import Block, Value

LARGEST = 64
"""Tasks of a group: so many are read anew one by one if one of them is gone. Not more than `RETRY`."""

Member: TypeAlias = tuple[TaskMeasurement, CgroupReading]


class TaskGroup:
    """Tasks of one form. `members` are those that `Grouping` found to be alike."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = [member for member, _ in members]
        readings = [reading for _, reading in members]
        first = readings[0]
        self._parsers = [*zip(*(reading.parsers for reading in readings), strict=True)]
        self._files = len(first.descriptors)
        self._combined = first.form.combined
        self._kept = range(len(first.columns)) if first.form.kept is None else first.form.kept
        self._lacking = [reading for reading in readings if reading.lacks_something]
        self._steps = 0
        self._descriptors = [descriptor for reading in readings for descriptor in reading.descriptors]
        self._tables = [_Tables([reading.tables[at] for reading in readings]) for at in range(len(first.tables))]
        sizes = [*[NUMBER_SIZE] * len(self._parsers), *[table.size for table in self._tables]]
        self._sizes = sizes * len(members)
        self._offsets = [0] * len(self._descriptors)
        self._fixed = list(chain.from_iterable(zip(*(member.fixed for member in self.members), strict=True)))
        self._series = tuple(chain.from_iterable(zip(*(member.series for member in self.members), strict=True)))
        self._counters = self.members[0].usage.counter_positions
        self._last: list[Sequence[Value]] = list(
            zip(*(member.usage.last_counted for member in self.members), strict=True)
        )

    def block(self, now: float) -> Block:
        """All samples of all members. Raises whatever is unusual; nothing is counted then."""
        if self._lacking:
            self._look_again()
        columns = self._columns(list(map(os.pread, self._descriptors, self._sizes, self._offsets)))
        counters = [columns[at] for at in self._counters]
        if any(any(map(lt, new, old)) for new, old in zip(counters, self._last, strict=True)):
            raise ValueError("a counter fell")
        self._last = counters
        return Block(self._series, [*self._fixed, *[now] * len(self.members), *chain.from_iterable(columns)])

    def settle(self) -> None:
        """Let every member know what was counted last, so that each can go on alone."""
        if not self._last:
            return  # nobody wants counters
        for member, counted in zip(self.members, zip(*self._last, strict=True), strict=True):
            member.usage.last_counted = counted

    def _look_again(self) -> None:
        """One of the cgroups that lack something is looked at, another in each step."""
        self._steps = (self._steps + 1) % RETRY
        for reading in self._lacking[self._steps : self._steps + 1]:
            reading.look_again()
            if reading.is_outdated:
                raise ValueError("something that was missing has come")

    def _columns(self, texts: list[bytes]) -> list[Sequence[Value]]:
        """The values of all members for each column."""
        columns: list[Sequence[Value]] = [
            list(map(call, parsers, texts[at :: self._files])) for at, parsers in enumerate(self._parsers)
        ]
        for at, table in enumerate(self._tables, len(self._parsers)):
            columns += table.columns(texts[at :: self._files])
        for own, other, made_of in self._combined:
            columns[own] = list(map(made_of, columns[own], columns[other]))
        return [columns[at] for at in self._kept]


class _Tables:
    """One file of many numbers of each member; only those that changed are parsed again."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self.size = TABLE_SIZE
        """Of the buffer: twice the longest text or more."""
        while self.size < 2 * max(table.length for table in tables):
            self.size *= 2
        for table in tables:
            table.forget()
        self._readers = [table.read for table in tables]
        self._texts: list[bytes | None] = [None] * len(tables)
        self._rows: list[Sequence[Value]] = [()] * len(tables)
        self._columns: list[Sequence[Value]] = []

    def columns(self, texts: list[bytes]) -> list[Sequence[Value]]:
        if texts != self._texts:
            if max(map(len, texts)) >= self.size:
                raise ValueError("a file does not fit")
            for at, is_changed in enumerate(map(ne, texts, self._texts)):
                if is_changed:
                    self._rows[at] = self._readers[at](texts[at])
                    self._texts[at] = texts[at]
            self._columns = list(zip(*self._rows, strict=True))
        return self._columns
