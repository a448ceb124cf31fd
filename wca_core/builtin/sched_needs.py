"""What measuring the scheduling of tasks needs of a machine."""

from __future__ import annotations

from wca_core.linux.kernel import read_setting
from wca_core.model.requirement import Requirement
from wca_core.needs import host_processes, kernel_file, visible_processes

METRICS = "task_sched_*"


def needs(*, is_on: bool) -> list[Requirement]:
    """`is_on`: whether it is asked for."""
    option = "" if is_on else "sched"
    return [
        kernel_file(
            lambda host: f"{host.proc}/self/sched",
            "/proc/PID/sched",
            "a kernel built with CONFIG_SCHED_DEBUG=y",
            METRICS,
            option,
        ),
        Requirement(
            need="scheduler statistics of the kernel, switched on",
            is_met=lambda host: bool(read_setting(host.proc, "kernel.sched_schedstats")),
            found=lambda host: "kernel.sched_schedstats is 0, or missing",
            cure="sysctl kernel.sched_schedstats=1",
            required=False,
            lost="times of waiting, sleeping and blocking of task_sched_stat",
            only_with=option,
        ),
        host_processes(METRICS, option),
        visible_processes(f"{METRICS} of processes of other users", option),
    ]
