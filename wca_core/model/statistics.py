"""What the agent knows about itself: counts, durations and failures, which `selfmetrics` turns into samples."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Duration:
    """How long something took: the last time, and all times together [seconds]."""

    last: float = 0.0
    total: float = 0.0
    count: int = 0

    def add(self, seconds: float) -> None:
        self.last = seconds
        self.total += seconds
        self.count += 1

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0


@dataclass(slots=True)
class PluginHealth:
    """One plugin: whether its last calls succeeded, its errors and durations by hook."""

    failing: set[str] = field(default_factory=set)
    """The hooks whose last call failed or is being paused."""
    errors: Counter[str] = field(default_factory=Counter)
    durations: dict[str, Duration] = field(default_factory=dict)
    dropped: int = 0
    """Steps that a slow storage never got because a newer one was there."""

    def duration(self, hook: str) -> Duration:
        return self.durations.setdefault(hook, Duration())

    @property
    def up(self) -> bool:
        return not self.failing


@dataclass(slots=True)
class Statistics:
    """Everything counted since the agent started."""

    plugins: dict[str, PluginHealth] = field(default_factory=dict)
    functions: dict[str, Duration] = field(default_factory=dict)
    tasks: int | None = None
    """That discoverers named in this step; None: none of them succeeded."""
    iterations: int = 0
    overruns: int = 0
    missed_deadlines: int = 0
    undiscovered_steps: int = 0
    """Steps in which no discoverer succeeded."""
    conflicting_tasks: int = 0
    """Tasks dropped because an earlier discoverer named the same id or cgroup."""

    writes: Counter[str] = field(default_factory=Counter)
    """Changes of the machine that were made, by type of allocation."""
    write_errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Writes that were refused or had another effect, by type of allocation and errno's name (or `verify`, `plan`)."""
    rollbacks: Counter[str] = field(default_factory=Counter)
    """Tasks whose writes of a step were put back, by type of the allocation that failed."""
    audit_errors: int = 0
    """Records that the audit log could not take."""

    def plugin(self, name: str) -> PluginHealth:
        return self.plugins.setdefault(name, PluginHealth())

    def function(self, name: str) -> Duration:
        return self.functions.setdefault(name, Duration())
