"""Makes overviews of the samples of steps, when somebody asks."""

from __future__ import annotations

from dataclasses import dataclass

from wca_core.model.metric import Samples
from wca_core.model.task import Task
from wca_core.overview.event_log import EventLog
from wca_core.overview.layout import Layout
from wca_core.overview.moment import Moment, ratio
from wca_core.overview.rows import Event, Overview, TaskRow

TICKS_PER_SECOND = 100
"""USER_HZ, the unit of `platform_cpu_usage`, on every architecture but two (alpha, ia64)."""

UNLIMITED = 2.0**62
"""A memory limit from here on is none."""


@dataclass(frozen=True, slots=True)
class _Steps:
    """The last two steps that were stored, as they came. Replaced as a whole: readers are other threads."""

    new: Samples
    time: float
    """Unix time [seconds]."""
    old: Samples | None = None
    old_time: float = 0.0

    @property
    def seconds(self) -> float | None:
        """From measuring to measuring; between storing them only where that is not known. None: no time passed."""
        if self.old is None:
            return None
        if self.new.steady is not None and self.old.steady is not None:
            passed = self.new.steady - self.old.steady
        else:
            passed = self.time - self.old_time
        return passed if passed > 0 else None


@dataclass(frozen=True, slots=True)
class _Made:
    """An overview and what it was made of."""

    steps: _Steps
    events: tuple[Event, ...]
    overview: Overview
    layouts: tuple[Layout, ...]


class OverviewMaker:
    """`add` is called by a storage, `overview` by any thread at any time."""

    def __init__(self, host: str = "") -> None:
        self.host = host
        """The name of the machine, which stands in no sample."""
        self._steps: _Steps | None = None
        self._events = EventLog()
        self._made: _Made | None = None

    def add(self, samples: Samples, stream: str, now: float) -> None:
        """Take what was stored of one step. `now`: its Unix time [seconds]."""
        self._events.add(samples, stream, now)
        if stream == "metrics":
            before = self._steps
            self._steps = _Steps(samples, now, before.new, before.time) if before else _Steps(samples, now)

    def overview(self) -> Overview | None:
        """The newest step, the same object until there is a newer one; None before the first."""
        steps, events, made = self._steps, self._events.recent, self._made
        if steps is None:
            return None
        if made is None or made.steps is not steps or made.events is not events:
            self._made = made = self._make(steps, events, made.layouts if made else ())
        return made.overview

    def _make(self, steps: _Steps, events: tuple[Event, ...], known: tuple[Layout, ...]) -> _Made:
        layout = _layout(steps.new, known)
        layouts = [layout]
        before = None
        if steps.old is not None:
            layouts.append(_layout(steps.old, (*layouts, *known)))
            before = Moment(steps.old_time, layouts[-1], steps.old.values)
        comparison = _Comparison(Moment(steps.time, layout, steps.new.values), before, steps.seconds)
        return _Made(steps, events, comparison.overview(self.host, events), tuple(layouts))


class _Comparison:
    """One step beside the step before."""

    def __init__(self, now: Moment, before: Moment | None, seconds: float | None) -> None:
        self._now = now
        self._seconds = seconds
        self._before = before if seconds is not None else None

    def overview(self, host: str, events: tuple[Event, ...]) -> Overview:
        now = self._now
        cpus = now.total("platform_topology_cpus")
        ticks = self._rate("platform_cpu_usage")
        return Overview(
            time=now.time,
            seconds=self._seconds,
            host=host,
            cpus=None if cpus is None else int(cpus),
            cpus_used=None if ticks is None else ticks / TICKS_PER_SECOND,
            memory_bytes=now.total("platform_mem_total_bytes"),
            memory_used_bytes=now.total("platform_mem_usage_bytes"),
            cpu_pressure=now.total("cpu_pressure"),
            memory_pressure=now.total("memory_pressure"),
            io_pressure=now.total("io_pressure"),
            tasks=tuple([self._row(of_task.task) for of_task in now.layout.tasks.values()]),
            events=events,
            step_seconds=now.total("step_seconds"),
        )

    def _row(self, task: Task) -> TaskRow:
        now, name = self._now, task.task_id
        working_set, limit = now.total("task_mem_working_set_bytes", name), now.total("task_mem_limit_bytes", name)
        return TaskRow(
            task_id=name,
            name=task.name,
            labels=task.labels,
            cpus=self._rate("task_cpu_usage_seconds", name),
            memory_bytes=now.total("task_mem_usage_bytes", name) if working_set is None else working_set,
            memory_limit_bytes=None if limit is None or limit >= UNLIMITED else limit,
            throttled_share=self._throttled(name),
            cpu_pressure=now.total("cpu_pressure", name),
            memory_pressure=now.total("memory_pressure", name),
            io_pressure=now.total("io_pressure", name),
            cache_bytes=now.total("task_llc_occupancy_bytes", name),
            memory_bandwidth=self._rate("task_mem_bandwidth_bytes", name),
            instructions_per_cycle=self._instructions_per_cycle(name),
        )

    def _rate(self, quantity: str, task_id: str | None = None) -> float | None:
        return ratio(self._now.growth(self._before, quantity, task_id), self._seconds)

    def _throttled(self, task_id: str) -> float | None:
        """A limited task that had nothing to do had no period, and was not throttled."""
        throttled = self._now.growth(self._before, "task_cpu_throttled_periods", task_id)
        periods = self._now.growth(self._before, "task_cpu_periods", task_id)
        if throttled == periods == 0:
            return 0.0 if self._now.total("task_cpu_periods", task_id) else None
        share = ratio(throttled, periods)
        return None if share is None else min(1.0, share)

    def _instructions_per_cycle(self, task_id: str) -> float | None:
        instructions = self._now.growth(self._before, "task_instructions", task_id)
        cycles = self._now.growth(self._before, "task_cycles", task_id)
        counted = ratio(instructions, cycles)
        return self._now.only("task_ipc", task_id) if counted is None else counted


def _layout(samples: Samples, known: tuple[Layout, ...]) -> Layout:
    """That of this list of series, made if none of the known ones is of it."""
    return next((layout for layout in known if layout.series is samples.series), None) or Layout(samples.series)
