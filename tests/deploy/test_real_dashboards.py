"""What the panels show of a real agent, asked of a real Prometheus."""

from pathlib import Path

import pytest

from tests.cgroups import Cgroup, wait_until
from tests.deploy.test_observation import QUERIES
from tests.test_real_prometheus import ENDPOINT, agent, burned, needs, prometheus, queried

__all__ = ["burned"]

MAY_BE_EMPTY = {
    "task_cpu_limit_cpus": "the task has no limit",
    "task_pids_limit": "the task has no limit",
    "task_cpu_periods": "without a limit there are no periods",
    "task_mem_limit_bytes": "the task has no limit",
    "task_requested": "it asked nobody for anything",
    "task_working_set_size_bytes": "the plugin wss is not asked for",
    "task_wss_referenced_bytes": "the plugin wss is not asked for",
    "anomal": "there is no detector",
    "allocation": "nothing allocates",
    "task_instructions": "the plugin perf counts nothing unless it is told what",
    "bandwidth": "there may be no resctrl",
    "occupancy": "there may be no resctrl",
    "resctrl": "there may be no resctrl",
    "wca_rdt_monitoring_missing": "there may be no resctrl",
    "> 0": "nothing fails, nothing happened",
    "wca_plugin_up == 0": "nothing fails",
    "wca_error_count": "nothing is logged",
    "wca_warning_count": "nothing is logged",
    "task_measurement_errors": "nothing fails",
    "swap": "the kernel may not count swap by cgroup",
    "task_io": "the task reads and writes nothing",
    "task_mem_numa": "the kernel may have no NUMA",
    "platform_mem_numa": "the kernel may have no NUMA",
    "platform_vmstat_numa": "the kernel may have no NUMA balancing",
    "pgmigrate": "the kernel may have no migration",
    "pressure": "the kernel may have no pressure stall information, and cgroup v1 has none for tasks",
    "task_mem_events": "the kernel may not count them",
}
"""Parts of queries whose answer depends on the machine, or on what does not happen here."""


@pytest.mark.root
@needs("prometheus")
def test_panels_show_something_of_a_real_agent(burned: Cgroup, tmp_path: Path) -> None:
    with agent(tmp_path, burned.path, ENDPOINT) as url, prometheus(tmp_path, url, {}) as own:
        wait_until(lambda: bool(queried(own, "rate(wca_iterations[10s]) > 0")), "Prometheus knows no steps")
        ((labels, _),) = queried(own, "wca_up")
        empty = [
            f"{place}: {query}" for place, query in QUERIES if not queried(own, _of(query, labels["host"], burned.path))
        ]

    assert len(empty) < len(QUERIES) / 2
    assert [one for one in empty if not any(part in one for part in MAY_BE_EMPTY)] == []


def _of(query: str, host: str, task: str) -> str:
    return query.replace("$__rate_interval", "10s").replace("$host", host).replace("$task", task)
