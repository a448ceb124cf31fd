"""What one PMU is to count, and how a metric is encoded for it.

Where the kernel itself names an event it is right for the running CPU and goes before our table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from wca_core.errors import ConfigurationError, HostError
from wca_core.model.metric import Metric
from wca_rdt.perf.pmu import Alias, Encoding, Pmu
from wca_rdt.perf.uncore import descriptions as metrics
from wca_rdt.perf.uncore.events import Event
from wca_rdt.perf.uncore.generations import Terms
from wca_rdt.perf.uncore.kinds import always_counts

LINE = 64
MEBIBYTE = 1 << 20

_ALIASES = {
    metrics.CAS_READS: (
        ("cas_count_read",),
        ("cas_count_read_sch0", "cas_count_read_sch1"),
        *(("data_reads",), ("data_read",), ("read",)),
    ),
    metrics.CAS_WRITES: (
        ("cas_count_write",),
        ("cas_count_write_sch0", "cas_count_write_sch1"),
        *(("data_writes",), ("data_write",), ("write",)),
    ),
    metrics.DRAM_ACCESSES: (("data_total",),),
    metrics.PMM_READS: (("ddrt_read",),),
    metrics.PMM_WRITES: (("ddrt_write",),),
    metrics.CLOCKTICKS: (("clockticks",), ("dclk",)),
}
"""What kernels call them: the first of which all names are there."""

_NOT_LINES = frozenset({metrics.CLOCKTICKS})


@dataclass(frozen=True, slots=True)
class Counter:
    """One metric as a PMU counts it."""

    metric: Metric
    parts: tuple[Encoding, ...]
    """Counted each, and summed."""
    factor: float = 1.0
    """Of a count whose unit is not ours: lines of 64 bytes for one count."""


@dataclass(frozen=True, slots=True)
class PmuPlan:
    """What one PMU is to count."""

    pmu: Pmu
    sets: tuple[tuple[Counter, ...], ...]
    """Each is counted in groups of its own."""
    counts_always: bool = False
    """Its counters group with no other."""

    @property
    def counters(self) -> tuple[Counter, ...]:
        """Of all sets, in order."""
        return tuple(counter for one in self.sets for counter in one)

    def without(self, metric: Metric) -> PmuPlan:
        """The same with that one left out."""
        return replace(
            self, sets=tuple(tuple(counter for counter in one if counter.metric is not metric) for one in self.sets)
        )


def encoding_of(event: Event, pmu: Pmu) -> Encoding:
    """Of an event with terms. Raises `ConfigurationError`, `HostError`."""
    terms = event.terms or {}
    try:
        encoding = pmu.encode(terms)
        if pmu.has_term("event") and terms.keys().isdisjoint({"event", "config", *pmu.aliases}):
            raise ConfigurationError(f"{pmu.name}: 'event', 'config' or an alias is missing; {pmu.known}")
    except ConfigurationError as error:
        raise ConfigurationError(f"uncore_event_names: {event.metric.name}: {error}") from error
    return encoding


def counter_of(metric: Metric, pmu: Pmu, parts: Iterable[Terms]) -> Counter | None:
    """As the kernel names it, else of these parts; None if this PMU cannot count it. Raises `HostError`."""
    names = next((names for names in _ALIASES.get(metric, ()) if pmu.aliases.keys() >= {*names}), None)
    if names is not None:
        factors = {1.0 if metric in _NOT_LINES else lines_of(pmu.aliases[name]) for name in names}
        encodings = tuple(pmu.encode({name: None}) for name in names)
        return Counter(metric, encodings, factors.pop()) if factors.isdisjoint({0.0}) and len(factors) == 1 else None
    if always_counts(pmu):
        return None
    try:
        encodings = tuple(pmu.encode(part) for part in parts)
    except ConfigurationError:  # the kernel's driver is older than the event
        return None
    return Counter(metric, encodings) if encodings else None


def lines_of(alias: Alias) -> float:
    """Lines of 64 bytes for one count; 0 for a unit that is not known. Raises `HostError`."""
    if alias.unit == "":
        return 1.0
    if alias.unit != "MiB":
        return 0.0
    lines = alias.scale * MEBIBYTE / LINE
    if not 0 < lines < MEBIBYTE:
        raise HostError(f"the scale of {alias.terms}: {alias.scale_text!r} MiB for one count cannot be")
    return lines
