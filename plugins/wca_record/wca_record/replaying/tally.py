"""What a replay came to: counted step by step, told at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from wca_core.model.statistics import Statistics
from wca_core.overview.text import duration, printable
from wca_record.replaying.cast import HOOKS
from wca_record.replaying.result import ReplayedStep

MOST_VICTIMS = 10


@dataclass(slots=True)
class Tally:
    """Counts of steps."""

    steps: int = 0
    first: float = 0.0
    """Seconds since the beginning of the recording; likewise `last`."""
    last: float = 0.0
    anomalies: Counter[str] = field(default_factory=Counter)
    """By plugin."""
    victims: Counter[str] = field(default_factory=Counter)
    wishes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """New ones, by type and state."""
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By plugin and hook."""

    def add(self, step: ReplayedStep) -> None:
        self.first = step.seconds if not self.steps else self.first
        self.last = step.seconds
        self.steps += 1
        for finding in step.findings:
            self.anomalies[finding.plugin] += 1
            self.victims[finding.anomaly.contended_task_id] += 1
        self.wishes.update((wish.type.value, wish.state) for wish in step.wishes if wish.is_new)
        self.failures.update((failure.plugin, failure.hook) for failure in step.failures)

    @property
    def span(self) -> float:
        """From the first step to the last [recorded seconds]."""
        return self.last - self.first

    def summary(self, took: float, statistics: Statistics) -> Iterator[str]:
        """Lines. `took`: seconds that the replay took."""
        speed = f", {self.span / took:.0f} times as fast as it was" if took > 0 and self.span > 0 else ""
        steps = "1 step" if self.steps == 1 else f"{self.steps} steps"
        yield f"{steps}, {duration(self.span)} recorded, replayed in {duration(took)}{speed}"
        yield f"anomalies: {_listed(self.anomalies)}"
        if self.victims:
            yield f"victims: {_listed(dict(self.victims.most_common(MOST_VICTIMS)))}{_more(self.victims)}"
        yield f"wishes: {_listed({f'{kind} {state}': count for (kind, state), count in sorted(self.wishes.items())})}"
        if self.failures:
            yield f"FAILURES: {_listed({f'{name}.{hook}': count for (name, hook), count in self.failures.items()})}"
        yield f"time in plugins: {', '.join(_times(self.steps, statistics)) or 'none'}"


def _times(steps: int, statistics: Statistics) -> Iterator[str]:
    for name, health in statistics.plugins.items():
        for hook, spent in health.durations.items():
            if hook in HOOKS and spent.count:
                yield f"{name}.{hook} {duration(spent.total)} ({duration(spent.total / max(1, steps))} a step)"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{printable(name)} {count}" for name, count in counts.items()) or "none"


def _more(counts: Mapping[str, int]) -> str:
    return f", and {len(counts) - MOST_VICTIMS} tasks more" if len(counts) > MOST_VICTIMS else ""
