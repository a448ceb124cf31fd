"""One node: what it has, what its tasks use, what they wait for."""

from deploy.grafana.source.panels import OF_HOST, Dashboard, Panel, rate, stat, top, waiting

NODE = Dashboard(
    uid="wca-node",
    title="WCA / Node",
    variables={"host": "label_values(wca_up, host)"},
    rows={
        "Now": [
            stat("CPUs used", f"sum(rate(platform_cpu_usage{OF_HOST}[$__rate_interval])) / 100"),
            stat("CPUs", f"platform_topology_cpus{OF_HOST}"),
            stat(
                "Memory used", f"platform_mem_usage_bytes{OF_HOST} / platform_mem_total_bytes{OF_HOST}", "percentunit"
            ),
            stat("Tasks", f"wca_tasks{OF_HOST}"),
            stat(
                "Waiting for CPU",
                waiting("platform", "cpu", "some"),
                "percentunit",
            ),
            stat(
                "Waiting for memory",
                waiting("platform", "memory", "full"),
                "percentunit",
            ),
        ],
        "CPU": [
            Panel(
                title="CPUs by task",
                queries={"{{task_name}}": top(rate("task_cpu_usage_seconds", OF_HOST, "task_name"))},
                stacked=True,
                description="The fifteen tasks that use most.",
            ),
            Panel(
                title="Waiting for a CPU limit",
                unit="percentunit",
                queries={
                    "{{task_name}}": top(
                        f"{rate('task_cpu_throttled_periods', OF_HOST)} / {rate('task_cpu_periods', OF_HOST)} > 0"
                    )
                },
                description="Share of the periods in which a task had used up its limit.",
            ),
            Panel(
                title="Pressure of tasks: CPU",
                unit="percentunit",
                queries={"{{task_name}}": top(waiting("task", "cpu", "some"))},
            ),
            Panel(
                title="Pressure of the node",
                unit="percentunit",
                queries={"{{resource}} {{kind}}": rate("platform_pressure_stall_seconds", OF_HOST)},
            ),
        ],
        "Memory": [
            Panel(
                title="Working set by task",
                unit="bytes",
                stacked=True,
                queries={"{{task_name}}": top(f"task_mem_working_set_bytes{OF_HOST}")},
            ),
            Panel(
                title="Memory of the node",
                unit="bytes",
                queries={
                    "total": f"platform_mem_total_bytes{OF_HOST}",
                    "used": f"platform_mem_usage_bytes{OF_HOST}",
                    "available": f"platform_mem_available_bytes{OF_HOST}",
                    "swap used": f"platform_swap_usage_bytes{OF_HOST}",
                },
            ),
            Panel(
                title="Pressure of tasks: memory",
                unit="percentunit",
                queries={"{{task_name}}": top(waiting("task", "memory", "full"))},
            ),
            Panel(
                title="Memory of NUMA nodes",
                unit="percentunit",
                queries={
                    "node {{numa_node}}": f"platform_mem_numa_used_bytes{OF_HOST}"
                    f" / platform_mem_numa_total_bytes{OF_HOST}"
                },
                description="Page cache counts as used.",
            ),
            Panel(title="Page faults", unit="cps", queries={"all": rate("platform_vmstat_pgfaults", OF_HOST)}),
            Panel(
                title="Pages moved between NUMA nodes",
                unit="cps",
                queries={
                    "by NUMA balancing": rate("platform_vmstat_numa_pages_migrated", OF_HOST),
                    "moved": rate("platform_vmstat_pgmigrate_success", OF_HOST),
                    "failed": rate("platform_vmstat_pgmigrate_fail", OF_HOST),
                },
            ),
        ],
        "Disk": [
            Panel(
                title="Read by task",
                unit="Bps",
                queries={"{{task_name}}": top(rate("task_io_read_bytes", OF_HOST, "task_name"))},
            ),
            Panel(
                title="Written by task",
                unit="Bps",
                queries={"{{task_name}}": top(rate("task_io_write_bytes", OF_HOST, "task_name"))},
            ),
        ],
        "Events": [
            Panel(
                title="Anomalies",
                queries={"found": f"increase(anomaly_count{OF_HOST}[$__rate_interval])"},
                description="Tasks that a detector saw suffering; empty without a detector.",
            ),
            Panel(
                title="Processes ended for lack of memory",
                queries={
                    "{{task_name}}": 'increase(task_mem_events{host="$host",event="oom_kill"}[$__rate_interval]) > 0'
                },
            ),
        ],
    },
)
