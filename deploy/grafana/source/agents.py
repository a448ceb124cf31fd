"""The agents themselves: whether they step, what they cost, what fails."""

from deploy.grafana.source.panels import OF_HOST, Dashboard, Panel, rate, stat, top

AGENTS = Dashboard(
    uid="wca-agent",
    title="WCA / Agents",
    variables={"host": "label_values(wca_up, host)"},
    rows={
        "All agents": [
            stat("Agents", "count(wca_up)"),
            stat("Steps older than 3 minutes", "count(time() - wca_up > 180) or vector(0)"),
            stat("Failing plugins", "count(wca_plugin_up == 0) or vector(0)"),
            stat("Tasks", "sum(wca_tasks)"),
            stat("CPUs they use", "sum(rate(wca_cpu_usage_seconds[$__rate_interval]))"),
            stat("Memory they use", "sum(wca_mem_usage_bytes)", "bytes"),
            Panel(
                title="Versions",
                kind="table",
                width=24,
                height=6,
                queries={"": "count by (wca_version, cpu_model) (wca_information)"},
            ),
        ],
        "Steps of $host": [
            Panel(
                title="Duration of a step",
                unit="s",
                queries={
                    "last": 'wca_duration_seconds{host="$host",function="iteration_work"}',
                    "mean": 'wca_duration_seconds_avg{host="$host",function="iteration_work"}',
                },
            ),
            Panel(
                title="Time by plugin",
                unit="s",
                stacked=True,
                queries={"{{plugin}} {{hook}}": top(f"wca_plugin_duration_seconds{OF_HOST}")},
            ),
            Panel(
                title="Steps",
                unit="cps",
                queries={
                    "done": rate("wca_iterations", OF_HOST),
                    "longer than the interval": rate("wca_iteration_overruns", OF_HOST),
                    "left out": rate("wca_missed_deadlines", OF_HOST),
                    "without discovery": rate("wca_undiscovered_steps", OF_HOST),
                },
            ),
            Panel(title="Tasks", queries={"tasks": f"wca_tasks{OF_HOST}"}),
        ],
        "What $host costs": [
            Panel(title="CPU", unit="percentunit", queries={"of one CPU": rate("wca_cpu_usage_seconds", OF_HOST)}),
            Panel(
                title="Memory",
                unit="bytes",
                queries={"now": f"wca_mem_usage_bytes{OF_HOST}", "highest": f"wca_mem_max_usage_bytes{OF_HOST}"},
            ),
            Panel(title="Open files", queries={"open": f"wca_open_fds{OF_HOST}"}),
        ],
        "What $host allocates": [
            Panel(
                title="Changes written",
                unit="cps",
                queries={"{{type}}": rate("allocations_writes", OF_HOST)},
                description="Nothing if what is wanted is in force.",
            ),
            Panel(
                title="Failed writes",
                unit="cps",
                queries={
                    "{{type}}: {{errno}}": f"{rate('wca_allocation_write_errors', OF_HOST)} > 0",
                    "tasks put back, {{type}}": f"{rate('wca_allocation_rollbacks', OF_HOST)} > 0",
                },
                description="What is put back has failed as a whole, and is tried again.",
            ),
            Panel(
                title="Changed by others",
                unit="cps",
                queries={"{{type}}": f"{rate('allocations_drift', OF_HOST)} > 0"},
                description="With reconcile they are written again.",
            ),
            Panel(
                title="Wishes that were not granted",
                unit="cps",
                queries={
                    "clamped by guard rails, {{type}}": f"{rate('allocations_clamped', OF_HOST)} > 0",
                    "refused by guard rails, {{type}}": f"{rate('allocations_refused', OF_HOST)} > 0",
                    "another allocator was first": f"{rate('allocations_conflicts', OF_HOST)} > 0",
                    "steps with an invalid output": f"{rate('allocations_errors', OF_HOST)} > 0",
                },
            ),
            Panel(title="Duration of all allocators", unit="s", queries={"last call": f"allocation_duration{OF_HOST}"}),
            Panel(
                title="Groups of resctrl",
                queries={
                    "there are": f"platform_resctrl_mon_groups{OF_HOST}",
                    "there can be": f"platform_resctrl_num_rmids{OF_HOST}",
                    "tasks without": f"sum(wca_rdt_monitoring_missing{OF_HOST})",
                },
                description="Of the plugin rdt; empty without.",
            ),
        ],
        "What fails on $host": [
            Panel(title="Plugins", kind="table", queries={"": f"wca_plugin_up{OF_HOST}"}),
            Panel(
                title="Failed calls",
                unit="cps",
                queries={"{{plugin}} {{hook}}": f"{rate('wca_plugin_errors', OF_HOST)} > 0"},
            ),
            Panel(
                title="Log records",
                unit="cps",
                queries={
                    "errors of {{module}}": rate("wca_error_count", OF_HOST),
                    "warnings of {{module}}": rate("wca_warning_count", OF_HOST),
                },
            ),
            Panel(
                title="Steps that storages missed",
                unit="cps",
                queries={"{{plugin}}": rate("wca_plugin_dropped_steps", OF_HOST)},
            ),
            Panel(
                title="Files of tasks that cannot be read",
                unit="cps",
                queries={"{{source}}": rate("task_measurement_errors", OF_HOST, "source")},
            ),
            Panel(
                title="Tasks that did not fit",
                queries={
                    "named twice": f"wca_conflicting_tasks{OF_HOST}",
                    "named by anomalies, not there": f"wca_anomaly_unknown_tasks{OF_HOST}",
                },
            ),
        ],
    },
)
