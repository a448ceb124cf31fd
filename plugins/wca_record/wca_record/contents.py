"""What is in a recording, found by reading all of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from wca_core.model.metric import Series
from wca_core.model.platform import Platform
from wca_core.model.task import Task
from wca_record.reader import Recording
from wca_record.step import RecordedStep


@dataclass(slots=True)
class Contents:
    """Counts over all steps."""

    bytes: int = 0
    steps: int = 0
    missing: int = 0
    """Steps that the agent made between the first and the last, and that are not in the recording."""
    undiscovered: int = 0
    """In which no discoverer answered."""
    samples: int = 0
    first: float | None = None
    """Unix seconds."""
    last: float | None = None
    most_tasks: int = 0
    """At the same time."""
    tasks: dict[str, str] = field(default_factory=dict)
    """Names by id, in the order in which they came."""
    metrics: set[str] = field(default_factory=set)
    allocations: set[str] = field(default_factory=set)
    """Types of which values in force are there."""
    platform: Platform | None = None
    """Of the last step."""
    trouble: str | None = None

    _number: int | None = None
    _tasks: Sequence[Task] | None = None
    _series: Sequence[Series] | None = None

    def add(self, step: RecordedStep) -> None:
        self.steps += 1
        self.undiscovered += not step.is_discovered
        if self._number is not None:
            self.missing += max(0, step.number - self._number - 1)
        self._number = step.number
        self.first = step.now if self.first is None else self.first
        self.last = step.now
        self.samples += len(step.samples)
        self.platform = step.platform
        self.allocations.update(one.type.value for one in step.allocations)
        if step.tasks is not self._tasks:
            self._tasks = step.tasks
            self.most_tasks = max(self.most_tasks, len(step.tasks))
            self.tasks.update({task.task_id: task.name for task in step.tasks})
        if step.samples.series is not self._series:
            self._series = step.samples.series
            self.metrics.update({series.metric.name for series in step.samples.series})

    @property
    def seconds(self) -> float:
        """From the first step to the last."""
        return 0.0 if self.first is None or self.last is None else self.last - self.first


def contents(recording: Recording) -> Contents:
    """Reads it once, as a check too: `trouble` tells where it breaks off. Raises `RecordingError`."""
    found = Contents(bytes=os.path.getsize(recording.path))
    for step in recording.steps():
        found.add(step)
    found.trouble = recording.trouble
    return found
