"""What follows from the counts of two steps: bandwidths, the share of DRAM, the time reads wait.

Each has its own inputs and is told as soon as they are there. Whatever is missing, has fallen or would be divided by
zero leaves its metric out for that PMU.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from wca_core.model.metric import Metric, Sample, Value
from wca_rdt.perf.uncore import descriptions as metrics

LINE = 64
BYTES_OF_FLIT = LINE / 9
"""Of UPI, of which nine data flits are a line. Of QPI a data flit has eight bytes, and headers are not among them."""
BYTES_OF_QPI_FLIT = 8

PmuOfSocket: TypeAlias = tuple[int, int]
"""Socket and type."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a PMU had counted for a socket, when."""

    time: float
    """On a clock that does not jump [seconds]."""
    counts: Mapping[Metric, Value]
    bytes_of_flit: float = BYTES_OF_FLIT


Moments: TypeAlias = Mapping[PmuOfSocket, Moment]


def derived(before: Moments, now: Moments) -> Iterator[Sample]:
    """The samples of the time in between."""
    growths = {key: growth_of(before[key], moment) for key, moment in now.items() if key in before}
    for (socket, pmu_type), growth in growths.items():
        for metric, value in of_pmu(growth, now[socket, pmu_type].bytes_of_flit).items():
            yield metric.sample(value, socket=socket, pmu_type=pmu_type)
    for socket in sorted({socket for socket, _ in growths}):
        latency = read_latency([growth for (of, _), growth in growths.items() if of == socket])
        if latency is not None:
            yield metrics.RPQ_LATENCY.sample(latency, socket=socket)


def growth_of(before: Moment, now: Moment) -> dict[Metric, float]:
    """How much each count grew a second; without those that fell or are only on one side."""
    seconds = now.time - before.time
    if seconds <= 0:
        return {}
    return {
        metric: (count - before.counts[metric]) / seconds
        for metric, count in now.counts.items()
        if metric in before.counts and count >= before.counts[metric]
    }


def of_pmu(growth: Mapping[Metric, float], bytes_of_flit: float = BYTES_OF_FLIT) -> dict[Metric, float]:
    """Of one PMU and socket; `growth`: a second."""
    found = {
        metric: growth[count] * LINE
        for metric, count in (
            (metrics.DRAM_READ_BANDWIDTH, metrics.CAS_READS),
            (metrics.DRAM_WRITE_BANDWIDTH, metrics.CAS_WRITES),
            (metrics.DRAM_BANDWIDTH, metrics.DRAM_ACCESSES),
            (metrics.PMM_READ_BANDWIDTH, metrics.PMM_READS),
            (metrics.PMM_WRITE_BANDWIDTH, metrics.PMM_WRITES),
        )
        if count in growth
    }
    for total, reads, writes in (
        (metrics.DRAM_BANDWIDTH, metrics.DRAM_READ_BANDWIDTH, metrics.DRAM_WRITE_BANDWIDTH),
        (metrics.PMM_BANDWIDTH, metrics.PMM_READ_BANDWIDTH, metrics.PMM_WRITE_BANDWIDTH),
    ):
        if reads in found and writes in found:
            found[total] = found[reads] + found[writes]
    both = found.get(metrics.DRAM_BANDWIDTH, 0.0) + found.get(metrics.PMM_BANDWIDTH, 0.0)
    if both > 0 and metrics.DRAM_BANDWIDTH in found and metrics.PMM_BANDWIDTH in found:
        found[metrics.DRAM_HIT_RATIO] = found[metrics.DRAM_BANDWIDTH] / both
    if metrics.UPI_RXL_FLITS in growth and metrics.UPI_TXL_FLITS in growth:
        flits = growth[metrics.UPI_RXL_FLITS] + growth[metrics.UPI_TXL_FLITS]
        found[metrics.UPI_BANDWIDTH] = flits * bytes_of_flit
    return found


def read_latency(growths: list[dict[Metric, float]]) -> float | None:
    """Mean seconds of a read in the queues of a socket's memory controllers: Little's law, in their clock."""
    needed = (metrics.RPQ_OCCUPANCY, metrics.RPQ_INSERTS, metrics.CLOCKTICKS)
    controllers = [growth for growth in growths if all(metric in growth for metric in needed)]
    occupancy, inserts, ticks = (sum(growth[metric] for growth in controllers) for metric in needed)
    if not controllers or inserts <= 0 or ticks <= 0:
        return None
    return (occupancy / inserts) / (ticks / len(controllers))
