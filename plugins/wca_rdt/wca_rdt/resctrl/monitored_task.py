"""One task: its group, what was counted for it, and the samples made of that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

from wca_core.builtin.measurement_errors import MEASUREMENT_ERRORS
from wca_core.linux.files import OpenFiles
from wca_core.model.metric import Block, Metric, Series, Value
from wca_core.model.task import Task
from wca_rdt.resctrl.accumulators import Counted, Number, Place
from wca_rdt.resctrl.counter_files import CounterFiles
from wca_rdt.resctrl.descriptions import MONITORING_MISSING, TaskMetrics, telemetry_metric
from wca_rdt.resctrl.groups import MonGroup
from wca_rdt.resctrl.information import LOCAL, TOTAL
from wca_rdt.resctrl.membership import Membership
from wca_rdt.resctrl.values import GONE, Reading

Key: TypeAlias = tuple[Metric, tuple[str, ...]]


class MonitoredTask:
    """The state stays when the task's containers or labels change, and when it loses its group for a time."""

    __slots__ = (
        "_files",
        "_identity",
        "_keys",
        "_series",
        "counted",
        "errors",
        "group",
        "membership",
        "name",
        "settled",
        "task",
    )

    def __init__(self, task: Task, name: str, membership: Membership) -> None:
        self.task = task
        self.name = name
        """Of its group, in whichever control group that is."""
        self.membership = membership
        self.group: MonGroup | None = None
        """None: it waits for one."""
        self.settled: frozenset[int] | None = None
        """Its threads when all were last seen in the group."""
        self.counted = Counted()
        self.errors = 0
        """Failures beside those of moving threads."""
        self._files: CounterFiles | None = None
        self._identity: int | None = None
        """Of the directory whose counters were read last."""
        self._keys: list[Key] = []
        self._series: tuple[Series, ...] = ()

    def enter(self, group: MonGroup) -> None:
        if group != self.group:
            self.close()
            self.group, self.settled = group, None
            self.membership.begin_anew()

    def leave(self) -> None:
        """It has no group any more, or will have none; what was counted until now stays."""
        with suppress(OSError):
            self.read()
        self.close()
        self.group, self.settled = None, None
        self.counted.occupancy = {}

    def close(self) -> None:
        """Close the files; they are opened again when they are read."""
        if self._files is not None:
            self._files.close()
            self._files = None

    @property
    def is_open(self) -> bool:
        return self._files is not None

    def open(
        self, budget: OpenFiles, mon_data: str, identity: int, events: Sequence[str], telemetry: Sequence[str]
    ) -> None:
        """`identity`: the inode of the group's directory; counters of another one begin at 0. Raises `OSError`."""
        self._files = CounterFiles(budget, mon_data, events, telemetry)
        if identity != self._identity:
            self.counted.restart()
        self._identity = identity

    def read(self) -> Mapping[Place, Reading]:
        """Take what is counted now; the readings, for those that care about words. Raises `OSError`."""
        if self._files is None:
            return {}
        readings = self._files.read()
        self.counted.take(readings)
        if GONE in readings.values():
            self.close()  # a cache went offline, or the group is gone
        return readings

    def block(self, metrics: TaskMetrics, telemetry: Sequence[str], *, per_domain: bool) -> Block:
        """The samples of this step."""
        keys: list[Key] = []
        values: list[Value] = []
        for metric, by_domain in self._measured(metrics):
            if per_domain:
                keys.extend((metric, (str(domain),)) for domain in by_domain)
                values.extend(by_domain.values())
            elif by_domain:
                keys.append((metric, ()))
                values.append(sum(by_domain.values()))
        for event in telemetry:
            if by_package := self.counted.of(event):
                keys.append((telemetry_metric(event), ()))
                values.append(sum(by_package.values()))
        keys += _ALWAYS
        values += (int(self.group is None), self.errors + self.membership.errors)
        if keys != self._keys:
            self._keys = keys
            self._series = tuple([metric.series_at(self.task, levels) for metric, levels in keys])
        return Block(self._series, values)

    def _measured(self, metrics: TaskMetrics) -> Iterator[tuple[Metric, Mapping[int, Number]]]:
        counted = self.counted
        yield metrics.bandwidth, counted.of(TOTAL)
        yield metrics.local, counted.of(LOCAL)
        yield metrics.remote, counted.remote
        yield metrics.occupancy, counted.occupancy

    def of_changed(self, task: Task) -> MonitoredTask:
        """The same state for the task as it is now."""
        self.task, self._keys = task, []
        return self


_ALWAYS: list[Key] = [(MONITORING_MISSING, ()), (MEASUREMENT_ERRORS, ("resctrl",))]
