"""WCA's measurements of itself: what it costs, how its steps go, how its plugins fare."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from wca_core import __version__
from wca_core.errors import HostError
from wca_core.host import Host
from wca_core.linux.own_memory import OwnMemory
from wca_core.logs import counted
from wca_core.model.metric import Block, Metric, Series, Value, counter, gauge
from wca_core.model.statistics import Statistics
from wca_core.model.task import Task
from wca_core.plugin_api import hookimpl, plugin

UP = Metric("wca_up", "Time of this step.", counter, unit="timestamp")
INFORMATION = Metric(
    "wca_information",
    "Constant 1; the labels tell about the machine and the agent.",
    gauge,
    levels=("sockets", "cores", "cpus", "cpu_model", "cpu_model_number", "wca_version"),
)
TASKS = Metric("wca_tasks", "Tasks discovered in this step.", gauge)
MEM_USAGE = Metric(
    "wca_mem_usage_bytes", "Memory of the agent and its children now (resident sets).", gauge, unit="bytes"
)
MEM_MAX_USAGE = Metric("wca_mem_max_usage_bytes", "Highest memory of the agent (resident set).", gauge, unit="bytes")
CPU_USAGE = Metric("wca_cpu_usage_seconds", "CPU time of the agent and its children.", counter, unit="seconds")
OPEN_FDS = Metric("wca_open_fds", "Open file descriptors of the agent.", gauge)
DURATION = Metric(
    "wca_duration_seconds", "Duration of the last call by function.", gauge, unit="seconds", levels=("function",)
)
DURATION_AVG = Metric(
    "wca_duration_seconds_avg", "Mean duration since start by function.", gauge, unit="seconds", levels=("function",)
)
ITERATIONS = Metric("wca_iterations", "Finished steps.", counter)
OVERRUNS = Metric("wca_iteration_overruns", "Steps that took longer than the interval.", counter)
MISSED = Metric("wca_missed_deadlines", "Steps that were left out because an earlier one took too long.", counter)
UNDISCOVERED = Metric("wca_undiscovered_steps", "Steps in which no discoverer succeeded.", counter)
CONFLICTS = Metric("wca_conflicting_tasks", "Tasks dropped because another had their id or cgroup.", counter)
WARNINGS = Metric("wca_warning_count", "Log records of level WARNING.", counter, levels=("module",))
ERRORS = Metric("wca_error_count", "Log records of level ERROR and above.", counter, levels=("module",))
PLUGIN_UP = Metric(
    "wca_plugin_up", "1 if the last call of each hook of the plugin succeeded.", gauge, levels=("plugin",)
)
PLUGIN_DURATION = Metric(
    "wca_plugin_duration_seconds",
    "Duration of the last call of a hook.",
    gauge,
    unit="seconds",
    levels=("plugin", "hook"),
)
PLUGIN_ERRORS = Metric("wca_plugin_errors", "Failed calls of a hook.", counter, levels=("plugin", "hook"))
PLUGIN_DROPPED = Metric(
    "wca_plugin_dropped_steps",
    "Steps a slow storage did not get because a newer one was there.",
    counter,
    levels=("plugin",),
)

COUNTS = (ITERATIONS, OVERRUNS, MISSED, UNDISCOVERED, CONFLICTS)
OWN_METRICS = tuple(value for value in list(globals().values()) if isinstance(value, Metric))


@dataclass(frozen=True, slots=True)
class _Shape:
    """What there is to tell of: as long as it is the same, so are the series."""

    information: tuple[str, ...]
    """The values of the labels of `INFORMATION`."""
    resources: tuple[Metric, ...]
    """Of which not all are known in every step."""
    functions: tuple[str, ...]
    plugins: tuple[tuple[str, tuple[str, ...]], ...]
    """Each with its hooks."""
    warnings: tuple[str, ...]
    """Modules."""
    errors: tuple[str, ...]

    @property
    def series(self) -> Iterator[Series]:
        """In the order of `_values`."""
        yield from (UP.series(), INFORMATION.series_at(None, self.information))
        yield from (metric.series() for metric in (*COUNTS, *self.resources))
        for function in self.functions:
            yield from (metric.series(function=function) for metric in (DURATION, DURATION_AVG))
        for name, hooks in self.plugins:
            yield from (metric.series(plugin=name) for metric in (PLUGIN_UP, PLUGIN_DROPPED))
            for hook in hooks:
                yield from (metric.series(plugin=name, hook=hook) for metric in (PLUGIN_DURATION, PLUGIN_ERRORS))
        yield from (WARNINGS.series(module=module) for module in self.warnings)
        yield from (ERRORS.series(module=module) for module in self.errors)


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class OwnMetrics:
    """The agent's own metrics."""

    _memory: OwnMemory = field(default_factory=OwnMemory, init=False, repr=False)
    _shape: _Shape | None = field(default=None, init=False, repr=False)
    _series: tuple[Series, ...] = field(default=(), init=False, repr=False)

    @hookimpl
    def describe_metrics(self) -> Iterable[Metric]:
        return OWN_METRICS

    @hookimpl(trylast=True)  # the calls of this step count too
    def collect_metrics(self, tasks: Sequence[Task], host: Host) -> list[Block]:
        statistics = host.statistics
        resources = self._resources()
        if statistics.tasks is not None:
            resources[TASKS] = statistics.tasks
        warnings, errors = dict(counted.warnings), dict(counted.errors)
        shape = _Shape(
            _information(host),
            tuple(resources),
            tuple(statistics.functions),
            tuple([(name, tuple(health.durations)) for name, health in list(statistics.plugins.items())]),
            tuple(warnings),
            tuple(errors),
        )
        if shape != self._shape:
            self._shape, self._series = shape, tuple(shape.series)
        values = [host.clock.now(), 1, *_counts(statistics), *resources.values(), *_health(statistics, shape)]
        return [Block(self._series, [*values, *warnings.values(), *errors.values()])]

    @hookimpl
    def stop(self) -> None:
        self._memory.close()

    def _resources(self) -> dict[Metric, Value]:
        """This process, whatever root the host is seen at."""
        own = resource.getrusage(resource.RUSAGE_SELF)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        used: dict[Metric, Value] = {
            CPU_USAGE: own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime,
            MEM_MAX_USAGE: own.ru_maxrss * 1024,
        }
        with suppress(OSError, ValueError):
            used[MEM_USAGE] = self._memory.resident()
        with suppress(OSError):
            used[OPEN_FDS] = os.stat("/proc/self/fd").st_size or len(os.listdir("/proc/self/fd"))
        return used


def _information(host: Host) -> tuple[str, ...]:
    """The values of the labels, also where nothing is known about the machine."""
    try:
        found: Mapping[str, str] = host.information
    except HostError:
        found = {"wca_version": __version__}
    return tuple([found.get(label, "unknown") for label in INFORMATION.levels])


def _counts(statistics: Statistics) -> tuple[int, ...]:
    """In the order of `COUNTS`."""
    return (
        statistics.iterations,
        statistics.overruns,
        statistics.missed_deadlines,
        statistics.undiscovered_steps,
        statistics.conflicting_tasks,
    )


def _health(statistics: Statistics, shape: _Shape) -> list[Value]:
    """How long functions took and how plugins fare: threads of storages may add to the statistics meanwhile."""
    values: list[Value] = []
    for function in shape.functions:
        duration = statistics.functions[function]
        values += (duration.last, duration.mean)
    for name, hooks in shape.plugins:
        health = statistics.plugins[name]
        values += (int(health.up), health.dropped)
        for hook in hooks:
            values += (health.durations[hook].last, health.errors[hook])
    return values
