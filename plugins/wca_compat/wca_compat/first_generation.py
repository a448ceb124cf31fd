"""The names and units that the first generation knew: numbers where today there may be one for each CPU or cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from wca_compat.measurements import total
from wca_compat.metrics import Measurements
from wca_core.model.metric import Value


def _numbers(value: object) -> Iterator[Value]:
    if isinstance(value, Mapping):
        for part in value.values():
            yield from _numbers(part)
    elif isinstance(value, int | float):
        yield value


def _mean(value: object) -> Value:
    numbers = list(_numbers(value))
    return sum(numbers) / len(numbers)


def _nanoseconds(value: object) -> Value | None:
    seconds = total(value)
    return None if seconds is None else round(seconds * 1e9)


_OF_TASK: Mapping[str, tuple[str, Callable[[object], object]]] = {
    "instructions": ("task_instructions", total),
    "cycles": ("task_cycles", total),
    "cache_misses": ("task_cache_misses", total),
    "cache_references": ("task_cache_references", total),
    "stalls_mem_load": ("task_stalled_mem_loads", total),
    "cpu_usage_per_task": ("task_cpu_usage_seconds", _nanoseconds),
    "memory_bandwidth": ("task_mem_bandwidth_bytes", total),
    "llc_occupancy": ("task_llc_occupancy_bytes", total),
    "memory_usage": ("task_mem_usage_bytes", total),
    "scaling_factor_avg": ("task_scaling_factor_avg", _mean),
    "scaling_factor_max": ("task_scaling_factor_max", lambda value: max(_numbers(value))),
}


def add_older_names(measurements: Measurements) -> Measurements:
    """Put what the first generation knew of a task beside what is measured today."""
    for name, (source, made) in _OF_TASK.items():
        if source in measurements:
            measurements[name] = made(measurements[source])
    return measurements


def add_older_names_of_host(measurements: Measurements) -> Measurements:
    """The same for the whole machine."""
    usage = measurements.get("platform_cpu_usage")
    if isinstance(usage, dict):
        measurements["cpu_usage_per_cpu"] = dict(usage)
    return measurements
