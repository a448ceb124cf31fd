"""The metrics of resctrl."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from wca_core.model.metric import Metric, MetricType, counter, gauge

DOMAIN_LEVEL = ("l3_domain",)


@dataclass(frozen=True, slots=True)
class TaskMetrics:
    """Of each task, in all or by L3 cache."""

    bandwidth: Metric
    local: Metric
    remote: Metric
    occupancy: Metric

    @property
    def all(self) -> list[Metric]:
        return [self.bandwidth, self.local, self.remote, self.occupancy]


@cache
def task_metrics(*, per_domain: bool) -> TaskMetrics:
    """The four descriptions; with a level for the L3 cache if asked."""
    levels = DOMAIN_LEVEL if per_domain else ()

    def described(name: str, text: str, kind: MetricType) -> Metric:
        return Metric(name, text, kind, unit="bytes", levels=levels)

    return TaskMetrics(
        described("task_mem_bandwidth_bytes", "Data moved between the task's L3 caches and memory.", counter),
        described(
            "task_mem_bandwidth_local_bytes", "The part of that to and from the memory of its own node.", counter
        ),
        described("task_mem_bandwidth_remote_bytes", "The part of that to and from memory of other nodes.", counter),
        described(
            "task_llc_occupancy_bytes",
            "Last-level cache filled by the task; data in it since before the task was first measured does not count.",
            gauge,
        ),
    )


MONITORING_MISSING = Metric(
    "wca_rdt_monitoring_missing",
    "1 for a task that has no monitoring group now, so that its resctrl counters stand still; 0 for others.",
    gauge,
)
PLATFORM_BANDWIDTH = Metric(
    "platform_mem_bandwidth_bytes",
    "Data moved between an L3 cache and memory, by all that runs on the machine.",
    counter,
    unit="bytes",
    levels=DOMAIN_LEVEL,
)
PLATFORM_OCCUPANCY = Metric(
    "platform_llc_occupancy_bytes",
    "L3 cache filled since resctrl was mounted or a group made, by all that runs on the machine.",
    gauge,
    unit="bytes",
    levels=DOMAIN_LEVEL,
)
GROUPS = Metric(
    "platform_resctrl_mon_groups",
    "Groups of resctrl, control groups with the root and monitoring groups, whoever made them.",
    gauge,
)
RMIDS = Metric("platform_resctrl_num_rmids", "Groups of resctrl that the hardware can tell apart.", gauge)

ENERGY, ACTIVITY = "core_energy", "activity"
TELEMETRY = {
    ENERGY: ("task_resctrl_core_energy_joules", "Energy used by cores while they ran the task.", "joules"),
    ACTIVITY: ("task_resctrl_activity", "Switched capacitance [farads] of cores while they ran the task.", "numeric"),
    "stalls_llc_hit": ("", "Core cycles stalled for loads that hit the last-level cache.", "numeric"),
    "stalls_llc_miss": ("", "Core cycles stalled for loads that missed all caches.", "numeric"),
    "unhalted_core_cycles": ("", "Core cycles that were not halted.", "numeric"),
    "unhalted_ref_cycles": ("", "Reference cycles that were not halted.", "numeric"),
    "uops_retired": ("", "Micro-operations retired.", "numeric"),
    "c1_res": ("", "Ticks of 100 MHz in idle state C1.", "numeric"),
    "c6_res": ("", "Ticks of 25 MHz in idle state C6.", "numeric"),
}
"""Events that newer kernels count for each package: name of the metric if it is not that of the event, help, unit."""


@cache
def telemetry_metric(event: str) -> Metric:
    """Also of an event that is not known here."""
    name, text, unit = TELEMETRY.get(event, ("", f"Event {event} of resctrl's telemetry.", "numeric"))
    return Metric(name or f"task_resctrl_{event}", text, counter, unit=unit)


def described(events: Sequence[str]) -> list[Metric]:
    """The metrics of these events of telemetry."""
    return [telemetry_metric(event) for event in events]
