"""The events that have a name on every machine: those of perf_event_open(2), and what they count.

Software events need no hardware counter and work without a PMU. Which of the others a CPU has only its kernel knows.
"""

from __future__ import annotations

from typing import NamedTuple

from wca_rdt.perf.attributes import HARDWARE, HW_CACHE, SOFTWARE


class Known(NamedTuple):
    """One name."""

    type: int
    config: int
    help: str


class _Cache:
    """Of `PERF_TYPE_HW_CACHE`: which cache, which operation, which result."""

    L1D, L1I, LL, DTLB, ITLB, BPU, NODE = range(7)
    READ, WRITE, PREFETCH = range(3)
    ACCESS, MISS = range(2)


def _cache(cache: int, operation: int, result: int, text: str) -> Known:
    return Known(HW_CACHE, cache | operation << 8 | result << 16, text)


CLOCKS = ("task_cpu_clock_seconds", "task_task_clock_seconds")
"""In seconds; the kernel counts nanoseconds."""

NANOSECONDS = 1e9
"""Of a second."""

EVENTS = {
    "task_cycles": Known(HARDWARE, 0, "CPU cycles in which the task ran."),
    "task_instructions": Known(HARDWARE, 1, "Retired instructions."),
    "task_cache_references": Known(HARDWARE, 2, "Accesses to the last level of cache."),
    "task_cache_misses": Known(HARDWARE, 3, "Accesses that missed the last level of cache."),
    "task_branch_instructions": Known(HARDWARE, 4, "Retired branch instructions."),
    "task_branch_misses": Known(HARDWARE, 5, "Mispredicted branch instructions."),
    "task_bus_cycles": Known(HARDWARE, 6, "Cycles of the bus, of constant frequency on most CPUs."),
    "task_stalled_cycles_frontend": Known(HARDWARE, 7, "Cycles in which no instruction could be issued."),
    "task_stalled_cycles_backend": Known(HARDWARE, 8, "Cycles in which no instruction could be retired."),
    "task_ref_cycles": Known(HARDWARE, 9, "Cycles at the nominal frequency, whatever the actual one is."),
    "task_cpu_clock_seconds": Known(SOFTWARE, 0, "Time the task was on CPUs, by the clock of the CPU."),
    "task_task_clock_seconds": Known(SOFTWARE, 1, "Time the task was on CPUs, by the clock of the tasks."),
    "task_page_faults": Known(SOFTWARE, 2, "Page faults, minor and major."),
    "task_context_switches": Known(SOFTWARE, 3, "Switches from a thread of the task to another one."),
    "task_cpu_migrations": Known(SOFTWARE, 4, "Moves of a thread of the task to another CPU."),
    "task_page_faults_min": Known(SOFTWARE, 5, "Page faults that needed no disk."),
    "task_page_faults_maj": Known(SOFTWARE, 6, "Page faults that waited for a disk."),
    "task_cgroup_switches": Known(SOFTWARE, 11, "Switches from the task to a thread of another cgroup."),
    "task_llc_loads": _cache(_Cache.LL, _Cache.READ, _Cache.ACCESS, "Loads that reached the last level of cache."),
    "task_llc_load_misses": _cache(_Cache.LL, _Cache.READ, _Cache.MISS, "Loads that missed the last level of cache."),
    "task_llc_stores": _cache(_Cache.LL, _Cache.WRITE, _Cache.ACCESS, "Stores that reached the last level of cache."),
    "task_llc_store_misses": _cache(
        _Cache.LL, _Cache.WRITE, _Cache.MISS, "Stores that missed the last level of cache."
    ),
    "task_l1d_loads": _cache(_Cache.L1D, _Cache.READ, _Cache.ACCESS, "Loads from the first level of data cache."),
    "task_l1d_load_misses": _cache(
        _Cache.L1D, _Cache.READ, _Cache.MISS, "Loads that missed the first level of data cache."
    ),
    "task_dtlb_loads": _cache(_Cache.DTLB, _Cache.READ, _Cache.ACCESS, "Loads that looked up the TLB of data."),
    "task_dtlb_read_misses": _cache(_Cache.DTLB, _Cache.READ, _Cache.MISS, "Loads that missed the TLB of data."),
    "task_itlb_load_misses": _cache(
        _Cache.ITLB, _Cache.READ, _Cache.MISS, "Instruction fetches that missed the TLB of instructions."
    ),
    "task_node_loads": _cache(_Cache.NODE, _Cache.READ, _Cache.ACCESS, "Loads served by memory."),
    "task_node_load_misses": _cache(_Cache.NODE, _Cache.READ, _Cache.MISS, "Loads served by memory of another node."),
}
