"""Programs for real cgroups, and what the agent and the kernel say of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from tests.cgroups import Cgroup
from tests.kernel_truth import Reading, read_truth
from wca_core.agent import Step
from wca_core.builtin.cgroup.descriptions import CGROUP_METRICS
from wca_core.builtin.static_node import StaticNode

T = TypeVar("T")
MIB = 1 << 20
NAMES = {metric.name for metric in CGROUP_METRICS}
PYTHON = (sys.executable, "-I", "-S", "-c")

SLEEPING = ("sh", "-c", "echo ready; exec sleep 1000")
BUSY = ("sh", "-c", "echo ready; while :; do :; done")


def static_node(made: Sequence[Cgroup]) -> StaticNode:
    return StaticNode(tasks=[cgroup.path for cgroup in made])


def measured(step: Step, task_id: str) -> Reading:
    """What a step says of a task, in the form of the truth."""
    return {
        (sample.name, ",".join(sample.series.level_values)): sample.value
        for sample in step.samples
        if sample.labels.get("task_id") == task_id and sample.name in NAMES
    }


def of_still(made: Sequence[Cgroup], act: Callable[[], T]) -> tuple[dict[str, Reading], T]:
    """What the files of these cgroups say, and what `act` gave while they said it.

    The kernel folds counts of each cpu into `memory.stat` every two seconds, so even a stopped task moves.
    """
    for _ in range(40):
        before = {cgroup.path: read_truth(cgroup) for cgroup in made}
        result = act()
        if before == {cgroup.path: read_truth(cgroup) for cgroup in made}:
            return before, result
        time.sleep(0.25)
    raise AssertionError("the files of stopped cgroups do not come to rest")


def set_limit(cgroup: Cgroup, size: int, soft: int) -> None:
    """The memory limits."""
    if cgroup.trees.version == 1:
        cgroup.file("memory.limit_in_bytes").write_text(str(size))
        cgroup.file("memory.soft_limit_in_bytes").write_text(str(soft))
    else:
        cgroup.file("memory.max").write_text(str(size))
        cgroup.file("memory.high").write_text(str(soft))


def set_cpu_limit(cgroup: Cgroup, quota: int, period: int) -> None:
    """So many microseconds of CPU time in each period."""
    if cgroup.trees.version == 1:
        cgroup.file("cpu.cfs_period_us").write_text(str(period))
        cgroup.file("cpu.cfs_quota_us").write_text(str(quota))
    else:
        cgroup.file("cpu.max").write_text(f"{quota} {period}")
