"""The plugin `cpi-detector`: which tasks are unusually slow for themselves, and which neighbours may be the cause."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from wca_core import (
    Anomaly,
    Between,
    ConfigurationError,
    Host,
    Metric,
    Requirement,
    Sample,
    Snapshot,
    Task,
    TaskClass,
    hookimpl,
    plugin,
)
from wca_core.config.field_types import LabelName, Regexp

from wca_cpi_detector.metrics import ALL, BANDWIDTH, CYCLES, INSTRUCTIONS, LIMIT, NOW, OUTLIERS, TASKS, USAGE, USUAL
from wca_cpi_detector.outlier import Judgement, Rule, judged
from wca_cpi_detector.suspects import Suspects

log = logging.getLogger("wca.cpi-detector")

UNMEASURED = (
    f"no watched task has {CYCLES} and {INSTRUCTIONS}: "
    "--plugins local,perf,cpi-detector --set 'perf.event_names=[task_cycles, task_instructions]' (pip install wca-rdt)"
)
TOO_LONG = (
    "no task will be judged: in the window there are fewer steps than samples are asked for; make the window longer"
)
PATIENCE = 3
"""Steps in a row until something is told: a task has no counters in its first, and any step may take long."""


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class CpiDetector:
    """Tasks that need clearly more cycles per instruction than they usually do."""

    window: Annotated[float, Between(60, 86400)] = 300.0
    """Seconds of its own past that a task is judged by."""
    recent: Annotated[float, Between(1, 3600)] = 30.0
    """Seconds that are judged."""
    deviations: Annotated[float, Between(0)] = 3.0
    """So many standard deviations above its mean a task is an outlier,"""
    rise: Annotated[float, Between(0)] = 0.1
    """if that is this part of the mean above it, too."""
    samples: Annotated[int, Between(2, 500)] = 30
    """Values of the past that must be known."""
    cpus: Annotated[float, Between(0)] = 0.25
    """A task that uses fewer CPUs is not judged."""
    watched: dict[LabelName, Regexp] = field(default_factory=dict)
    """Tasks that are watched, by the value of any of these labels. None named: the latency-critical ones."""
    suspects: Annotated[int, Between(0, 100)] = 3
    """At most so many are suspected of one anomaly."""

    _found: int = field(default=0, init=False, repr=False)
    _steps_so: Counter[str] = field(default_factory=Counter, init=False, repr=False)
    _warned: set[str] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.recent >= self.window:
            raise ConfigurationError(f"recent: less than the window ({self.window:g}) expected, found {self.recent:g}")

    @property
    def looks_back(self) -> Mapping[str, float]:
        """A property, as it depends on a field."""
        return dict.fromkeys((CYCLES, INSTRUCTIONS, USAGE, BANDWIDTH), self.window)

    @hookimpl
    def describe_metrics(self) -> Iterable[Metric]:
        return ALL

    @hookimpl
    def requirements(self) -> Iterable[Requirement]:
        counters = Requirement(
            need="a CPU whose cycles and instructions can be counted",
            is_met=_has_counters,
            found=lambda host: f"no CPU among {_events(host)}",
            cure="on hardware: a kernel with perf events; in a virtual machine: let it have a virtual PMU "
            "(vpmu, pmu=on)",
            required=False,
            lost="every anomaly: without counters no task is judged",
        )
        return [counters]

    @hookimpl
    def detect(self, snapshot: Snapshot) -> Iterator[Anomaly | Sample]:
        states: Counter[str] = Counter(judged=0, learning=0, unmeasured=0)
        suspects = Suspects(snapshot, self.window, self.recent)
        for task in filter(lambda task: self._is_watched(snapshot, task), snapshot.tasks):
            if snapshot.value(CYCLES, task) is None or snapshot.value(INSTRUCTIONS, task) is None:
                states["unmeasured"] += 1
                continue
            judgement = self._judged(snapshot, task)
            states["learning" if judgement is None else "judged"] += 1
            if judgement is not None:
                yield from self._findings(task, judgement, suspects)
        self._warn(UNMEASURED, is_so=states["unmeasured"] == states.total() > 0)
        seconds = snapshot.seconds or 0.0
        self._warn(TOO_LONG, is_so=self.samples * seconds > self.window - self.recent)
        yield from (TASKS.sample(count, state=state) for state, count in states.items())
        yield OUTLIERS.sample(self._found)

    def _is_watched(self, snapshot: Snapshot, task: Task) -> bool:
        if not self.watched:
            return snapshot.task_class(task) is TaskClass.LATENCY_CRITICAL
        labels = task.all_labels
        return any(re.fullmatch(pattern, labels.get(name, "")) for name, pattern in self.watched.items())

    def _judged(self, snapshot: Snapshot, task: Task) -> Judgement | None:
        rule = Rule(
            recent=self.recent, deviations=self.deviations, rise=self.rise, samples=self.samples, cpus=self.cpus
        )
        cycles, instructions, usage = (
            snapshot.history(name, task).last(self.window) for name in (CYCLES, INSTRUCTIONS, USAGE)
        )
        return judged(cycles, instructions, usage, rule)

    def _findings(self, task: Task, judgement: Judgement, suspects: Suspects) -> Iterator[Anomaly | Sample]:
        context = (
            NOW.sample(judgement.now, task),
            USUAL.sample(judgement.usual, task),
            LIMIT.sample(judgement.limit, task),
        )
        yield from context
        if judgement.is_outlier:
            self._found += 1
            resource, suspected = suspects.of(task, self.suspects)
            yield Anomaly(
                contended_task_id=task.task_id,
                contending_task_ids=suspected,
                resource=resource,
                context=context,
                encode_unattributed=True,
            )

    def _warn(self, message: str, *, is_so: bool) -> None:
        """Once, after it has been so for some steps in a row."""
        if message not in self._warned:
            self._steps_so[message] = self._steps_so[message] + 1 if is_so else 0
            if self._steps_so[message] >= PATIENCE:
                self._warned.add(message)
                log.warning("%s", message)


def _has_counters(host: Host) -> bool:
    return any(name == "cpu" or name.startswith(("cpu_", "armv")) for name in _sources(host))


def _events(host: Host) -> str:
    directory = _directory(host)
    return f"{directory} ({', '.join(_sources(host)) or 'which is empty or not there'})"


def _sources(host: Host) -> list[str]:
    """What the kernel can count events of: ABI/testing/sysfs-bus-event_source-devices."""
    directory = _directory(host)
    return sorted(path.name for path in directory.iterdir()) if directory.is_dir() else []


def _directory(host: Host) -> Path:
    return Path(host.sys) / "bus" / "event_source" / "devices"
