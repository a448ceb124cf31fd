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
        "Allocated, and what the hardware counts": [
            Panel(
                title="Allocated",
                queries={
                    "part of the CPUs (quota)": f"allocation_cpu_quota{OF_TASK}",
                    "shares": f"allocation_cpu_shares{OF_TASK}",
                    "CPUs it may use": f"allocation_cpuset_cpus_number_of_cpus{OF_TASK}",
                    "L3 cache ways, domain {{domain_id}}": f"allocation_rdt_l3_cache_ways{OF_TASK}",
                },
                description="As it is in force; empty where nothing allocates.",
            ),
            Panel(
                title="Instructions per cycle",
                queries={"of the step": f"{rate('task_instructions', OF_TASK)} / {rate('task_cycles', OF_TASK)}"},
                description="Of the plugin perf; empty unless it counts task_instructions and task_cycles.",
            ),
            Panel(
                title="Memory bandwidth",
                unit="Bps",
                queries={
                    "all": rate("task_mem_bandwidth_bytes", OF_TASK),
                    "to other nodes": rate("task_mem_bandwidth_remote_bytes", OF_TASK),
                },
                description="Of the plugin rdt; stands still while the task has no monitoring group.",
            ),
            Panel(
                title="Last-level cache",
                unit="bytes",
                queries={"filled": f"task_llc_occupancy_bytes{OF_TASK}"},
                description="Of the plugin rdt.",
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
