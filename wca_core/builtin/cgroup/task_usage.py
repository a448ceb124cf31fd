"""What all cgroups of one task use together, with counters that never fall.

A counter of a task is a base plus the last readings of its cgroups. The base takes over what a
cgroup had counted when it leaves, when it is made anew or when it starts from zero. The kernel's
counters are never written to.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from operator import lt
from typing import TypeAlias

from wca_core.builtin.cgroup.descriptions import ABSENT_IF_UNLIMITED
from wca_core.builtin.cgroup.form import Origin, picker, shared
from wca_core.builtin.cgroup.reading import CgroupReading
from wca_core.builtin.cgroup.source import UNLIMITED, Column
from wca_core.errors import CgroupGone
from wca_core.model.metric import Merge, Value

log = logging.getLogger("wca.cgroup")

RETRY = 64
"""Steps after which a cgroup that lacks something is looked at again: a controller may have been enabled."""
YOUNG = 5
"""Steps in which one that lacks something is looked at each time: it is probably just being made."""

OpenReading: TypeAlias = Callable[[str], CgroupReading]


class CgroupUsage:
    """One cgroup of a task: its reading, opened when needed, and the counters it showed last."""

    __slots__ = (
        *(
            "_absent",
            "_age",
            "_before",
            "_counters",
            "_is_fresh",
            "_last",
            "_last_counters",
            "_last_origins",
            "_origins",
            "_pick",
            "_reading",
        ),
        *("columns", "last", "open_reading", "path", "positions"),
    )

    def __init__(self, path: str, open_reading: OpenReading) -> None:
        self.path = path
        self.columns: Sequence[Column] = ()
        self.open_reading = open_reading
        self._reading: CgroupReading | None = None
        self._before: CgroupReading | None = None
        self._pick: Callable[[Sequence[Value]], Sequence[Value]] = picker(())
        self._counters: Sequence[Column] = ()
        self._last_counters: Sequence[Column] = ()
        self.last: Sequence[Value] = ()
        self._absent: dict[Column, Value] = {}
        self._origins: Mapping[Column, Origin] = {}
        self._last_origins: Mapping[Column, Origin] = {}
        self.positions: tuple[int, ...] = ()
        """Of the counters among the columns."""
        self._age = 0
        self._is_fresh = True

    def read(self) -> Sequence[Value] | None:
        """Values in the order of `columns`; None if the cgroup is gone. Raises `OSError`.

        Tries twice, since a cgroup may have been made anew under its name.
        """
        reading = self._reading
        if reading is not None:
            if reading.lacks_something or not reading.descriptors:
                self._look_again(reading)
            if reading.is_outdated:
                self.close()
        for _ in range(2):
            try:
                return self._opened().read()
            except CgroupGone:
                log.debug("cgroup %s: gone, or made anew under its name", self.path)
            except (ValueError, IndexError, ArithmeticError):
                log.debug("cgroup %s: a file changed its form, looking anew", self.path)
            self.close()
        return None

    def lost(self, values: Sequence[Value]) -> dict[Column, Value]:
        """What was counted before and is not in this reading.

        | a counter | is lost |
        |---|---|
        | comes from another directory than before: the cgroup was made anew | yes |
        | is smaller than before: it started from zero | yes |
        | is not there now: its file or controller is gone | no, it is kept until it is back |
        """
        now = self._pick(values)
        if not self._is_fresh and not any(map(lt, now, self.last)):
            self.last = now
            return {}
        before, came_from = self.last_counters, self._last_origins
        after = dict(zip(self._counters, now, strict=True))
        self._absent = {column: value for column, value in before.items() if column not in after}
        self.last, self._last_counters, self._is_fresh = now, self._counters, False
        is_all = came_from.keys() <= self._origins.keys()
        self._last_origins = self._origins if is_all else {**came_from, **self._origins}
        return {
            column: before[column]
            for column, value in after.items()
            if column in before and (value < before[column] or came_from[column] != self._origins[column])
        }

    @property
    def last_counters(self) -> dict[Column, Value]:
        """The counters as last read."""
        return {**self._absent, **dict(zip(self._last_counters, self.last, strict=True))}

    @property
    def steady_reading(self) -> CgroupReading | None:
        """The open reading, if it is kept open and continues the counters of the last step.

        Not while something it lacks is looked for in every step.
        """
        reading = self._reading
        if reading is None or not reading.descriptors or self._is_fresh:
            return None
        return None if reading.lacks_something and self._age < YOUNG else reading

    def close(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._before, self._reading = self._reading, None

    def _opened(self) -> CgroupReading:
        if self._reading is None:
            self._reading = self.open_reading(self.path)
            if self._before is not None:
                self._reading.go_on_from(self._before)
                self._before = None
            self._age = 0
            self._is_fresh = True
            self.columns = self._reading.columns
            self._origins = self._reading.origins
            counters = (at for at, (metric, _) in enumerate(self.columns) if metric.merge is Merge.SUM_COUNTER)
            self.positions = tuple(counters)
            self._counters = shared(tuple(self.columns[at] for at in self.positions))
            self._pick = picker(self.positions)
        return self._reading

    def _look_again(self, reading: CgroupReading) -> None:
        self._age += 1
        if reading.lacks_something and (self._age <= YOUNG or self._age % RETRY == 0):
            reading.look_again()
        if self._age % RETRY == 0 and reading.could_be_kept:
            self.close()


class TaskUsage:
    """All cgroups of a task as one."""

    __slots__ = ("_base", "_cgroups", "_highest", "errors")

    def __init__(self, paths: Sequence[str], open_reading: OpenReading) -> None:
        self.errors = 0
        self._cgroups = [CgroupUsage(path, open_reading) for path in paths]
        self._base: dict[Column, Value] = {}
        self._highest: dict[Column, Value] = {}

    def go_on_with(self, paths: Sequence[str], open_reading: OpenReading) -> None:
        """Measure other cgroups from now on; what those that left had counted stays counted."""
        for cgroup in self._cgroups:
            cgroup.close()
            if cgroup.path not in paths:
                self._take_over(cgroup.last_counters)
        kept = {cgroup.path: cgroup for cgroup in self._cgroups}
        self._cgroups = [kept.get(path) or CgroupUsage(path, open_reading) for path in paths]
        for cgroup in self._cgroups:
            cgroup.open_reading = open_reading

    @property
    def steady_reading(self) -> CgroupReading | None:
        """The reading of the only cgroup, if its values are the task's as they are; see `CgroupUsage`."""
        return self._cgroups[0].steady_reading if len(self._cgroups) == 1 and not self._base else None

    @property
    def counter_positions(self) -> tuple[int, ...]:
        return self._cgroups[0].positions

    @property
    def last_counted(self) -> Sequence[Value]:
        """The counters of the only cgroup, as last read; settable by who reads it in our place."""
        return self._cgroups[0].last

    @last_counted.setter
    def last_counted(self, counted: Sequence[Value]) -> None:
        self._cgroups[0].last = counted

    def read(self) -> tuple[Sequence[Column], Sequence[Value]] | None:
        """Columns and values of this step; None if no cgroup could be read."""
        if len(self._cgroups) == 1:
            cgroup = self._cgroups[0]
            values = self._read(cgroup)
            if values is None or not self._base:
                return None if values is None else (cgroup.columns, values)
            return self._merged([(cgroup, values)])
        readings = [(cgroup, values) for cgroup in self._cgroups if (values := self._read(cgroup)) is not None]
        return self._merged(readings) if readings else None

    def close(self) -> None:
        for cgroup in self._cgroups:
            cgroup.close()

    def _read(self, cgroup: CgroupUsage) -> Sequence[Value] | None:
        try:
            values = cgroup.read()
        except Exception as error:
            self.errors += 1
            cgroup.close()
            if isinstance(error, OSError):
                log.debug("cgroup %s: %s", cgroup.path, error)
            else:
                log.exception("cgroup %s cannot be measured", cgroup.path)
            return None
        if values is not None:
            lost = cgroup.lost(values)
            if lost:
                self._take_over(lost)
        return values

    def _take_over(self, counters: dict[Column, Value]) -> None:
        for column, value in counters.items():
            if value:
                self._base[column] = self._base.get(column, 0) + value

    def _merged(self, readings: Sequence[tuple[CgroupUsage, Sequence[Value]]]) -> tuple[list[Column], list[Value]]:
        gathered: dict[Column, list[Value]] = {}
        for cgroup, values in readings:
            for column, value in zip(cgroup.columns, values, strict=True):
                gathered.setdefault(column, []).append(value)
        for column in [column for column in gathered if column[0] in ABSENT_IF_UNLIMITED]:
            if len(gathered[column]) < len(readings):
                del gathered[column]
        counters = self._counters()
        return list(gathered), [
            counters[column] if column in counters else merged(column[0].merge, values)
            for column, values in gathered.items()
        ]

    def _counters(self) -> dict[Column, Value]:
        """Every counter with its base, also of cgroups that could not be read in this step."""
        totals = dict(self._base)
        for cgroup in self._cgroups:
            for column, value in cgroup.last_counters.items():
                totals[column] = totals.get(column, 0) + value
        # Another order of the same terms may round one ulp lower, which readers would take for a reset.
        self._highest = {column: max(total, self._highest.get(column, total)) for column, total in totals.items()}
        return self._highest


def merged(merge: Merge, values: Sequence[Value]) -> Value:
    """One value for a task from those of its cgroups.

    | merge | result |
    |---|---|
    | sum, sum+ | the sum |
    | sum-limit | the sum, unlimited if one is unlimited |
    | mean, max | as the word says |
    """
    if merge is Merge.SUM_LIMIT:
        return UNLIMITED if max(values) >= UNLIMITED else min(sum(values), UNLIMITED)
    if merge is Merge.MEAN:
        return sum(values) / len(values)
    if merge is Merge.MAX:
        return max(values)
    return sum(values)
