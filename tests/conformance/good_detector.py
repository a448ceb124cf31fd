"""A detector that keeps everything that the kit asks: the broken ones change one thing of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wca_core import (
    Anomaly,
    Block,
    Metric,
    Sample,
    Snapshot,
    counter,
    gauge,
    hookimpl,
    plugin,
)

USAGE = "task_cpu_usage_seconds"
FOUND = Metric("broken_found", "What it found.", gauge)
COUNTED = Metric("broken_counted_total", "What it counted.", counter)


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Detector:
    """Keeps everything that the kit asks; the others change one thing."""

    @hookimpl
    def describe_metrics(self) -> list[Metric]:
        return [FOUND, COUNTED]

    @hookimpl
    def detect(self, snapshot: Snapshot) -> Iterator[Anomaly | Sample | Block | object]:
        yield FOUND.sample(len(snapshot.tasks))
        yield from self.found(snapshot)

    def found(self, snapshot: Snapshot) -> Iterable[object]:
        return ()
