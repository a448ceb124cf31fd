"""Who is read in a group and who alone.

| a task | is read |
|---|---|
| is new, has several containers, or was unusual in this step | alone |
| was read alone, and is like others | in a group, from the next step on |
| is in a group of which a member left or changed | in a new group of those that stay |

So while tasks come and go each step costs those that came, and the groups that somebody left are put together anew.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from wca_core.builtin.cgroup.group import LARGEST, Member, TaskGroup
from wca_core.builtin.cgroup.reading import CgroupReading
from wca_core.builtin.cgroup.source import Remembering
from wca_core.builtin.cgroup.task_measurement import TaskMeasurement
from wca_core.model.metric import Block

log = logging.getLogger("wca.cgroup")

SMALL = LARGEST // 2
"""Groups with fewer members take in others that are like them."""


class Grouping:
    """All that are measured, each in a group or alone."""

    def __init__(self) -> None:
        self._groups: list[TaskGroup] = []
        self._alone: list[TaskMeasurement] = []
        self._kept: Sequence[TaskMeasurement] = ()

    def settle(self) -> None:
        """Before tasks change: their counters must be where a changed task looks for them."""
        for group in self._groups:
            group.settle()

    def keep(self, measurements: Sequence[TaskMeasurement]) -> None:
        """Measure these and no others from now on; `settle` was called before they changed.

        Costs nothing for the very same sequence as before.
        """
        if measurements is self._kept:
            return
        self._kept = measurements
        staying = frozenset(measurements)
        broken = [group for group in self._groups if not staying.issuperset(group.members)]
        self._groups = [group for group in self._groups if group not in broken]
        self._alone = []
        self._group(member for group in broken for member in group.members if member in staying)
        grouped = {member for group in self._groups for member in group.members}
        self._alone = [measurement for measurement in measurements if measurement not in grouped]

    def blocks(self, now: float) -> Iterator[Block]:
        """All samples; of a group that is unusual those of each member alone."""
        unusual = []
        for group in self._groups:
            try:
                yield group.block(now)
            except Exception as error:  # noqa: BLE001  whatever it is, each member will meet it alone
                log.debug("a group of %d tasks is read one by one: %r", len(group.members), error)
                unusual.append(group)
        self._disband(unusual)
        yield from (block for measurement in self._alone if (block := measurement.block(now)) is not None)

    def regroup(self) -> None:
        """After a step: put together those that were read alone and turned out to be alike."""
        if not any(map(_groupable, self._alone)):
            return
        self._disband([group for group in self._groups if len(group.members) < SMALL])
        measurements, self._alone = self._alone, []
        self._group(measurements)

    def _disband(self, groups: Collection[TaskGroup]) -> None:
        """Their members are alone from now on."""
        for group in groups:
            group.settle()
            self._alone += group.members
        self._groups = [group for group in self._groups if group not in groups]

    def _group(self, measurements: Iterable[TaskMeasurement]) -> None:
        """Put those together that are alike; the others are alone."""
        alike: defaultdict[tuple[object, ...], list[Member]] = defaultdict(list)
        for measurement in measurements:
            reading = _groupable(measurement)
            if reading is None:
                self._alone.append(measurement)
            else:
                alike[_form(measurement, reading)].append((measurement, reading))
        for members in alike.values():
            self._groups += [TaskGroup(members[at : at + LARGEST]) for at in range(0, len(members), LARGEST)]


def _groupable(measurement: TaskMeasurement) -> CgroupReading | None:
    """The one reading of a task that can be in a group."""
    reading = measurement.usage.steady_reading
    return reading if reading is not None and measurement.is_showing(reading.columns) else None


def _form(measurement: TaskMeasurement, reading: CgroupReading) -> tuple[object, ...]:
    """Equal for tasks that can be read together."""
    parsers = [type(parse) if isinstance(parse, Remembering) else parse for parse in reading.parsers]
    return id(reading.form), tuple(parsers), len(measurement.fixed)
