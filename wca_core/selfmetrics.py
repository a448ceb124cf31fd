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
from wca_core.model.metric import Metric, Sample, counter, gauge
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

OWN_METRICS = tuple(value for value in list(globals().values()) if isinstance(value, Metric))


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class OwnMetrics:
    """The agent's own metrics."""

    _memory: OwnMemory = field(default_factory=OwnMemory, init=False, repr=False)

    @hookimpl
    def describe_metrics(self) -> Iterable[Metric]:
        return OWN_METRICS

    @hookimpl(trylast=True)  # the calls of this step count too
    def collect_metrics(self, tasks: Sequence[Task], host: Host) -> Iterator[Sample]:
        statistics = host.statistics
        yield UP.sample(host.clock.now())
        yield INFORMATION.series_at(None, _information(host)).at(1)
        yield TASKS.sample(statistics.tasks)
        yield from self._resources()
        yield ITERATIONS.sample(statistics.iterations)
        yield OVERRUNS.sample(statistics.overruns)
        yield MISSED.sample(statistics.missed_deadlines)
        yield UNDISCOVERED.sample(statistics.undiscovered_steps)
        yield CONFLICTS.sample(statistics.conflicting_tasks)
        yield from _durations(statistics)
        yield from _plugins(statistics)
        yield from _log_records()

    @hookimpl
    def stop(self) -> None:
        self._memory.close()

    def _resources(self) -> Iterator[Sample]:
        """This process, whatever root the host is seen at."""
        own = resource.getrusage(resource.RUSAGE_SELF)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        yield CPU_USAGE.sample(own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime)
        yield MEM_MAX_USAGE.sample(own.ru_maxrss * 1024)
        with suppress(OSError, ValueError):
            yield MEM_USAGE.sample(self._memory.resident())
        with suppress(OSError):
            yield OPEN_FDS.sample(os.stat("/proc/self/fd").st_size or len(os.listdir("/proc/self/fd")))


def _information(host: Host) -> tuple[str, ...]:
    """The values of the labels, also where nothing is known about the machine."""
    try:
        found: Mapping[str, str] = host.information
    except HostError:
        found = {"wca_version": __version__}
    return tuple([found.get(label, "unknown") for label in INFORMATION.levels])


def _durations(statistics: Statistics) -> Iterator[Sample]:
    for function, duration in statistics.functions.items():
        yield DURATION.sample(duration.last, function=function)
        yield DURATION_AVG.sample(duration.mean, function=function)


def _plugins(statistics: Statistics) -> Iterator[Sample]:
    for name, health in list(statistics.plugins.items()):
        yield PLUGIN_UP.sample(int(health.up), plugin=name)
        yield PLUGIN_DROPPED.sample(health.dropped, plugin=name)
        for hook, duration in list(health.durations.items()):
            yield PLUGIN_DURATION.sample(duration.last, plugin=name, hook=hook)
            yield PLUGIN_ERRORS.sample(health.errors[hook], plugin=name, hook=hook)


def _log_records() -> Iterator[Sample]:
    for module, count in list(counted.warnings.items()):
        yield WARNINGS.sample(count, module=module)
    for module, count in list(counted.errors.items()):
        yield ERRORS.sample(count, module=module)
