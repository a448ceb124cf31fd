"""What is measured of a cgroup: the descriptions of all metrics that its files hold."""

from __future__ import annotations

from dataclasses import replace

from wca_core.model.metric import Merge, Metric, counter, gauge

CPU_USAGE = Metric(
    "task_cpu_usage_seconds",
    "CPU time used by the task, in user and kernel mode.",
    counter,
    unit="seconds",
    merge=Merge.SUM_COUNTER,
)
CPU_USER = Metric(
    "task_cpu_user_seconds",
    "CPU time used by the task in user mode.",
    counter,
    unit="seconds",
    merge=Merge.SUM_COUNTER,
)
CPU_SYSTEM = Metric(
    "task_cpu_system_seconds",
    "CPU time used by the task in kernel mode.",
    counter,
    unit="seconds",
    merge=Merge.SUM_COUNTER,
)
CPU_PERIODS = Metric(
    "task_cpu_periods",
    "Periods of the CPU limit in which the task could have been throttled.",
    counter,
    merge=Merge.SUM_COUNTER,
)
CPU_THROTTLED_PERIODS = Metric(
    "task_cpu_throttled_periods",
    "Periods in which the task had used up its CPU limit and had to wait.",
    counter,
    merge=Merge.SUM_COUNTER,
)
CPU_THROTTLED = Metric(
    "task_cpu_throttled_seconds",
    "Time for which the CPU limit made the task wait, added up over the CPUs.",
    counter,
    unit="seconds",
    merge=Merge.SUM_COUNTER,
)
CPU_BURSTS = Metric(
    "task_cpu_bursts",
    "Periods in which the task used what it had saved of its CPU limit.",
    counter,
    merge=Merge.SUM_COUNTER,
)
CPU_BURST = Metric(
    "task_cpu_burst_seconds",
    "CPU time used above the CPU limit in bursts.",
    counter,
    unit="seconds",
    merge=Merge.SUM_COUNTER,
)
CPU_LIMIT = Metric(
    "task_cpu_limit_cpus", "CPU limit (quota by period); absent if there is none.", gauge, merge=Merge.SUM_LIMIT
)
CPU_PERIOD = Metric("task_cpu_period_us", "Length of a period of the CPU limit of cgroup v1.", gauge)
"""Only read, not told: a part of `CPU_LIMIT`."""

MEM_USAGE = Metric(
    "task_mem_usage_bytes",
    "Memory charged to the task, with its page cache.",
    gauge,
    unit="bytes",
    merge=Merge.SUM,
)
MEM_MAX_USAGE = Metric(
    "task_mem_max_usage_bytes",
    "Highest memory usage so far; of several containers the sum of their peaks, an upper bound.",
    gauge,
    unit="bytes",
    merge=Merge.SUM,
)
MEM_LIMIT = Metric(
    "task_mem_limit_bytes",
    "Memory limit; the largest multiple of the page size below 2^63 if there is none.",
    gauge,
    unit="bytes",
    merge=Merge.SUM_LIMIT,
)
MEM_SOFT_LIMIT = Metric(
    "task_mem_soft_limit_bytes",
    "Memory limit that may be exceeded: the soft limit of cgroup v1, memory.high of cgroup v2.",
    gauge,
    unit="bytes",
    merge=Merge.SUM_LIMIT,
)
MEM_LOW = Metric(
    "task_mem_low_bytes",
    "Memory protected from reclaim as far as possible (cgroup v2 memory.low).",
    gauge,
    unit="bytes",
    merge=Merge.SUM,
)
MEM_MIN = Metric(
    "task_mem_min_bytes",
    "Memory never reclaimed (cgroup v2 memory.min).",
    gauge,
    unit="bytes",
    merge=Merge.SUM,
)
MEM_FAULTS = Metric(
    "task_mem_page_faults", "Page faults of the task, minor and major.", counter, merge=Merge.SUM_COUNTER
)
MEM_MAJOR_FAULTS = Metric(
    "task_mem_major_page_faults", "Page faults that needed I/O.", counter, merge=Merge.SUM_COUNTER
)
MEM_ANON = Metric("task_mem_anon_bytes", "Anonymous memory.", gauge, unit="bytes", merge=Merge.SUM)
MEM_FILE = Metric(
    "task_mem_file_bytes", "Page cache, with tmpfs and shared memory.", gauge, unit="bytes", merge=Merge.SUM
)
MEM_KERNEL = Metric("task_mem_kernel_bytes", "Kernel memory charged to the task.", gauge, unit="bytes", merge=Merge.SUM)
MEM_WORKING_SET = Metric(
    "task_mem_working_set_bytes",
    "Memory usage less inactive page cache, as the kubelet counts it.",
    gauge,
    unit="bytes",
    merge=Merge.SUM,
)
MEM_NUMA_PAGES = Metric(
    "task_mem_numa_pages",
    "Pages of the task on each NUMA node.",
    gauge,
    levels=("numa_node",),
    merge=Merge.SUM,
)
MEM_NUMA_BYTES = Metric(
    "task_mem_numa_bytes",
    "Memory of the task on each NUMA node.",
    gauge,
    unit="bytes",
    levels=("numa_node",),
    merge=Merge.SUM,
)
MEM_STAT = Metric(
    "task_mem_stat",
    "A field of memory.stat as it is, a gauge or a counter (option memory_stat).",
    gauge,
    levels=("key",),
    merge=Merge.SUM,
)
MEM_SWAP_USAGE = Metric("task_mem_swap_usage_bytes", "Swap used by the task.", gauge, unit="bytes", merge=Merge.SUM)
MEM_SWAP_LIMIT = Metric(
    "task_mem_swap_limit_bytes",
    "Swap limit; the largest multiple of the page size below 2^63 if there is none.",
    gauge,
    unit="bytes",
    merge=Merge.SUM_LIMIT,
)
MEM_EVENTS = Metric(
    "task_mem_events",
    "How often the memory of the task met a limit (low, high, max) or ran out (oom, oom_kill); v1: max, oom_kill.",
    counter,
    levels=("event",),
    merge=Merge.SUM_COUNTER,
)

BUFFERED = "Buffered writes count when they are written back on cgroup v2, and not at all on v1."
V1_NEEDS_A_RULE = "On v1, newer kernels only count for a device once a throttling rule was set for it."
IO_READ = Metric(
    "task_io_read_bytes",
    f"Bytes read from block devices. {V1_NEEDS_A_RULE}",
    counter,
    unit="bytes",
    merge=Merge.SUM_COUNTER,
)
IO_WRITE = Metric(
    "task_io_write_bytes",
    f"Bytes written to block devices. {BUFFERED} {V1_NEEDS_A_RULE}",
    counter,
    unit="bytes",
    merge=Merge.SUM_COUNTER,
)
IO_DISCARD = Metric(
    "task_io_discard_bytes",
    f"Bytes discarded on block devices. {V1_NEEDS_A_RULE}",
    counter,
    unit="bytes",
    merge=Merge.SUM_COUNTER,
)
IO_READS = Metric("task_io_reads", f"Reads from block devices. {V1_NEEDS_A_RULE}", counter, merge=Merge.SUM_COUNTER)
IO_WRITES = Metric(
    "task_io_writes", f"Writes to block devices. {BUFFERED} {V1_NEEDS_A_RULE}", counter, merge=Merge.SUM_COUNTER
)
IO_DISCARDS = Metric(
    "task_io_discards", f"Discards on block devices. {V1_NEEDS_A_RULE}", counter, merge=Merge.SUM_COUNTER
)
IO_METRICS = (IO_READ, IO_WRITE, IO_DISCARD, IO_READS, IO_WRITES, IO_DISCARDS)
"""Bytes first, each in the order read, written, discarded."""
IO_METRICS_BY_DEVICE = tuple(replace(metric, levels=("device",)) for metric in IO_METRICS)
"""In their place with the option `io_per_device`."""

PIDS = Metric("task_pids", "Threads of the task, which the kernel counts as tasks.", gauge, merge=Merge.SUM)
PIDS_LIMIT = Metric(
    "task_pids_limit", "Most threads that the task may have; absent if there is no limit.", gauge, merge=Merge.SUM_LIMIT
)

ABSENT_IF_UNLIMITED = frozenset({CPU_LIMIT, PIDS_LIMIT})
"""These have no value for "no limit", so a task has none of which one container has none."""

CGROUP_METRICS = (
    *(CPU_USAGE, CPU_USER, CPU_SYSTEM),
    *(CPU_PERIODS, CPU_THROTTLED_PERIODS, CPU_THROTTLED, CPU_BURSTS, CPU_BURST, CPU_LIMIT),
    *(MEM_USAGE, MEM_MAX_USAGE, MEM_LIMIT, MEM_SOFT_LIMIT, MEM_LOW, MEM_MIN),
    *(MEM_FAULTS, MEM_MAJOR_FAULTS, MEM_ANON, MEM_FILE, MEM_KERNEL, MEM_WORKING_SET),
    *(MEM_NUMA_PAGES, MEM_NUMA_BYTES, MEM_SWAP_USAGE, MEM_SWAP_LIMIT, MEM_EVENTS),
    *(*IO_METRICS, PIDS, PIDS_LIMIT),
)
"""What is measured where no option says otherwise."""
