"""What the detector looks at, by name, and what it tells of its work."""

from wca_core import Metric, counter, gauge

CYCLES, INSTRUCTIONS, USAGE = "task_cycles", "task_instructions", "task_cpu_usage_seconds"
BANDWIDTH = "task_mem_bandwidth_bytes"

NOW = Metric("cpi_now", "Cycles per instruction of a task in the newest seconds.", gauge)
USUAL = Metric("cpi_usual", "Cycles per instruction that are usual for the task.", gauge)
LIMIT = Metric("cpi_limit", "Cycles per instruction above which the detector finds an anomaly.", gauge)
TASKS = Metric("cpi_tasks", "Watched tasks by what is known about them.", gauge, levels=("state",))
OUTLIERS = Metric("cpi_outliers", "Anomalies found since the agent started.", counter)

ALL = (NOW, USUAL, LIMIT, TASKS, OUTLIERS)
