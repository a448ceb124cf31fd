"""What is measured of a cgroup: the descriptions of all metrics that its files hold."""

from __future__ import annotations

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

CGROUP_METRICS = (
    *(CPU_USAGE, CPU_USER, CPU_SYSTEM),
    *(MEM_USAGE, MEM_MAX_USAGE, MEM_LIMIT, MEM_SOFT_LIMIT, MEM_LOW, MEM_MIN),
    *(MEM_FAULTS, MEM_MAJOR_FAULTS, MEM_ANON, MEM_FILE, MEM_KERNEL, MEM_WORKING_SET),
    *(MEM_NUMA_PAGES, MEM_NUMA_BYTES),
)
