"""What the agent knows and did last, for somebody who looks for a fault: no fields of a configuration, no secrets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TypeAlias

from wca_core import __version__
from wca_core.builtin.prometheus.steps import StoredStep
from wca_core.host import Host
from wca_core.model.statistics import Duration, PluginHealth, Statistics
from wca_core.model.task import Task

State: TypeAlias = Mapping[str, object]


def state(host: Host, step: StoredStep | None) -> State:
    """As JSON: the agent, its plugins, the tasks with their cgroups, and the findings and decisions of the last step.

    Read while the agent goes on: parts of it may be of two steps.
    """
    return {
        "wca_version": __version__,
        "pid": os.getpid(),
        "host": host.name,
        "statistics": _statistics(host.statistics),
        "plugins": {name: _plugin(health) for name, health in list(host.statistics.plugins.items())},
        "tasks": [_task(task) for task in list(host.known_tasks.values())],
        "anomalies": _samples(step, "anomalies"),
        "allocations": _samples(step, "allocations"),
    }


def _statistics(statistics: Statistics) -> State:
    return {
        "iterations": statistics.iterations,
        "overruns": statistics.overruns,
        "missed_deadlines": statistics.missed_deadlines,
        "undiscovered_steps": statistics.undiscovered_steps,
        "conflicting_tasks": statistics.conflicting_tasks,
        "durations": _durations(statistics.functions),
    }


def _plugin(health: PluginHealth) -> State:
    return {
        "failing": sorted(health.failing),
        "errors": dict(health.errors),
        "dropped_steps": health.dropped,
        "durations": _durations(health.durations),
    }


def _durations(durations: Mapping[str, Duration]) -> State:
    return {
        name: {"last_seconds": one.last, "mean_seconds": one.mean, "count": one.count}
        for name, one in list(durations.items())
    }


def _task(task: Task) -> State:
    return {
        "task_id": task.task_id,
        "name": task.name,
        "cgroup_path": task.cgroup_path,
        "subcgroups_paths": task.subcgroups_paths,
        "controller_paths": dict(task.controller_paths),
        "labels": dict(task.labels),
        "resources": dict(task.resources),
    }


def _samples(step: StoredStep | None, stream: str) -> list[State]:
    found = [samples for name, samples in (step.streams if step else ()) if name == stream]
    return [{"metric": one.name, "labels": one.labels, "value": one.value} for samples in found for one in samples]
