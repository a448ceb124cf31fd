"""Ratios and rates of what a task counted between two readings.

They are of the whole task: counts are added over CPUs and containers before they are divided. A ratio of which a part
fell, or whose divisor is not above 0, is left out: a task that rested has no instructions per cycle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wca_core.model.metric import Merge, Metric, gauge
from wca_rdt.perf.catalogue import NANOSECONDS


def _gauge(name: str, text: str, unit: str = "numeric") -> Metric:
    return Metric(name, text, gauge, unit=unit, merge=Merge.RECOMPUTE)


SECONDS = ""
"""Stands for the time between the readings."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """`times` * `over` / `under`; of a complement 1 less that, within 0 and 1."""

    metric: Metric
    over: str
    under: str = SECONDS
    times: float = 1.0
    is_complement: bool = False

    def of(self, over: float, under: float) -> float | None:
        """Of what was counted of both. None if it cannot be told."""
        if over < 0 or under <= 0:
            return None
        value = self.times * over / under
        return min(max(1 - value, 0.0), 1.0) if self.is_complement else value


RATIOS = (
    Ratio(_gauge("task_ipc", "Instructions per cycle."), "task_instructions", "task_cycles"),
    Ratio(_gauge("task_ips", "Instructions per second."), "task_instructions"),
    Ratio(
        _gauge("task_cache_hit_ratio", "Share of the accesses to the last level of cache that it served."),
        *("task_cache_misses", "task_cache_references"),
        is_complement=True,
    ),
    Ratio(
        _gauge("task_cache_misses_per_kilo_instructions", "Misses of the last level of cache per 1000 instructions."),
        *("task_cache_misses", "task_instructions"),
        times=1000.0,
    ),
    Ratio(
        _gauge("task_branch_miss_ratio", "Share of the branch instructions that were mispredicted."),
        *("task_branch_misses", "task_branch_instructions"),
    ),
    Ratio(
        _gauge("task_effective_frequency_hertz", "Cycles per second on a CPU.", "hertz"),
        *("task_cycles", "task_cpu_clock_seconds"),
        times=NANOSECONDS,
    ),
)


class Derivation:
    """Those ratios of which all parts are counted."""

    def __init__(self, names: Sequence[str]) -> None:
        """`names`: of the events, in the order of their totals."""
        places = {name: place for place, name in enumerate(names)}
        self._ratios = [
            (ratio, places[ratio.over], places.get(ratio.under))
            for ratio in RATIOS
            if ratio.over in places and (ratio.under in places or ratio.under == SECONDS)
        ]

    def between(self, before: Sequence[int], now: Sequence[int], seconds: float) -> Iterator[tuple[Metric, float]]:
        """What two lists of totals, so far apart, tell."""
        for ratio, over, under in self._ratios:
            divisor = seconds if under is None else now[under] - before[under]
            value = ratio.of(now[over] - before[over], divisor) if seconds > 0 else None
            if value is not None:
                yield ratio.metric, value
