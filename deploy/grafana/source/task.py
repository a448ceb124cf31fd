"""One task in detail."""

from deploy.grafana.source.panels import OF_TASK, Dashboard, Panel, rate, stat

TASK = Dashboard(
    uid="wca-task",
    title="WCA / Task",
    variables={
        "host": "label_values(wca_up, host)",
        "task": 'label_values(task_up{host="$host"}, task_name)',
    },
    rows={
        "Now": [
            stat("CPUs", rate("task_cpu_usage_seconds", OF_TASK)),
            stat("CPU limit", f"task_cpu_limit_cpus{OF_TASK}"),
            stat("Working set", f"task_mem_working_set_bytes{OF_TASK}", "bytes"),
            stat(
                "Of the memory limit",
                f"task_mem_working_set_bytes{OF_TASK} / (task_mem_limit_bytes{OF_TASK} < 2 ^ 62)",
                "percentunit",
            ),
            stat("Threads", f"task_pids{OF_TASK}"),
            stat("Containers", f"task_subcontainers{OF_TASK}"),
        ],
        "CPU": [
            Panel(
                title="CPUs",
                queries={
                    "used": rate("task_cpu_usage_seconds", OF_TASK),
                    "user": rate("task_cpu_user_seconds", OF_TASK),
                    "system": rate("task_cpu_system_seconds", OF_TASK),
                    "limit": f"task_cpu_limit_cpus{OF_TASK}",
                    "requested": f"task_requested_cpus{OF_TASK}",
                },
            ),
            Panel(
                title="Waiting for the CPU limit",
                unit="percentunit",
                queries={
                    "of the periods": f"{rate('task_cpu_throttled_periods', OF_TASK)}"
                    f" / {rate('task_cpu_periods', OF_TASK)}"
                },
            ),
            Panel(
                title="Time waited for the CPU limit",
                queries={"throttled CPUs": rate("task_cpu_throttled_seconds", OF_TASK)},
                description="Added up over the CPUs, so it may be more than 1.",
            ),
            Panel(
                title="Pressure",
                unit="percentunit",
                queries={"{{resource}} {{kind}}": rate("task_pressure_stall_seconds", OF_TASK)},
            ),
        ],
        "Memory": [
            Panel(
                title="Memory",
                unit="bytes",
                queries={
                    "charged": f"task_mem_usage_bytes{OF_TASK}",
                    "working set": f"task_mem_working_set_bytes{OF_TASK}",
                    "limit": f"task_mem_limit_bytes{OF_TASK} < 2 ^ 62",
                    "requested": f"task_requested_mem_bytes{OF_TASK}",
                    "swap": f"task_mem_swap_usage_bytes{OF_TASK}",
                },
            ),
            Panel(
                title="What it is",
                unit="bytes",
                stacked=True,
                queries={
                    "anonymous": f"task_mem_anon_bytes{OF_TASK}",
                    "page cache": f"task_mem_file_bytes{OF_TASK}",
                    "kernel": f"task_mem_kernel_bytes{OF_TASK}",
                },
            ),
            Panel(
                title="By NUMA node",
                unit="bytes",
                stacked=True,
                queries={"node {{numa_node}}": f"task_mem_numa_bytes{OF_TASK}"},
            ),
            Panel(
                title="Page faults",
                unit="cps",
                queries={
                    "all": rate("task_mem_page_faults", OF_TASK),
                    "with I/O": rate("task_mem_major_page_faults", OF_TASK),
                },
            ),
            Panel(title="Limits met", queries={"{{event}}": f"increase(task_mem_events{OF_TASK}[$__rate_interval])"}),
            Panel(
                title="Working set as referenced",
                unit="bytes",
                queries={
                    "working set": f"task_working_set_size_bytes{OF_TASK}",
                    "referenced": f"task_wss_referenced_bytes{OF_TASK}",
                },
                description="Of the plugin wss; empty without.",
            ),
        ],
        "Disk and threads": [
            Panel(
                title="Disk",
                unit="Bps",
                queries={"read": rate("task_io_read_bytes", OF_TASK), "written": rate("task_io_write_bytes", OF_TASK)},
            ),
            Panel(
                title="Disk operations",
                unit="iops",
                queries={"reads": rate("task_io_reads", OF_TASK), "writes": rate("task_io_writes", OF_TASK)},
            ),
            Panel(title="Threads", queries={"threads": f"task_pids{OF_TASK}", "limit": f"task_pids_limit{OF_TASK}"}),
        ],
    },
)
