"""The command of the acceptance on a machine without a PMU and without resctrl: it says so and measures the rest."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from wca_rdt.perf.attributes import HARDWARE, Attributes
from wca_rdt.perf.syscall import ANY_CPU, FD_CLOEXEC, NO_GROUP, OWN_PID, perf_event_open

from plugins.wca_rdt.tests.hardware_command import command
from plugins.wca_rdt.tests.perf.given import counted_cgroups, unified
from tests.cgroups import Cgroup, Cgroups, Trees, find_trees, first_line, real_cgroups_or_skip
from tests.measuring import BUSY

COUNTED = "task_task_clock_seconds"


def has_pmu() -> bool:
    """Whether the kernel opens a counter of cycles."""
    try:
        os.close(perf_event_open(bytes(Attributes(HARDWARE, 0)), OWN_PID, ANY_CPU, NO_GROUP, FD_CLOEXEC))
    except OSError as error:
        return error.errno not in (errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV)
    return True


pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(has_pmu(), reason="this machine has a PMU, or does not let us count at all"),
    pytest.mark.skipif("resctrl" in Path("/proc/filesystems").read_text(), reason="this machine has resctrl"),
]


@pytest.fixture
def tasks() -> Iterator[list[Cgroup]]:
    """Two that are busy, in every tree: on a hybrid host the kernel counts by the unified one."""
    with real_cgroups_or_skip(), counted_cgroups():
        trees = find_trees()
    root = unified()
    everywhere = {**trees.directories, **({"unified": root} if root is not None else {})}
    made = Cgroups(Trees(trees.version, everywhere))
    try:
        found = [made.make(name) for name in "ab"]
        for task in found:
            first_line(task.run(*BUSY))
        yield found
    finally:
        made.remove()


def values(page: str, metric: str, task: Cgroup) -> list[float]:
    """In all steps."""
    lines = (line for line in page.splitlines() if line.startswith(f"{metric}{{") and f'"{task.path}"' in line)
    return [float(line.split()[-2]) for line in lines]


def ran(tasks: list[Cgroup], *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(tasks, "--count=3", *more), capture_output=True, text=True, timeout=60, check=False)


def test_what_is_missing_is_said_once_and_the_rest_is_measured(tasks: list[Cgroup]) -> None:
    ended = ran(tasks)

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("task_instructions, task_cycles: left out: this machine does not count it (ENOENT)") == 1
    assert ended.stdout.count("cache occupancy and memory bandwidth are not measured") == 1
    assert "Traceback" not in ended.stdout + ended.stderr
    for task in tasks:
        used = values(ended.stderr, "task_cpu_usage_seconds", task)
        assert len(used) == 3
        assert used[-1] > used[0]
        for metric in ("task_instructions", "task_cycles", "task_ipc", "task_llc_occupancy_bytes"):
            assert values(ended.stderr, metric, task) == [], "nothing is told that was not counted"


def test_events_of_the_kernel_are_counted_all_the_same(tasks: list[Cgroup]) -> None:
    ended = ran(tasks, f"--set=perf.event_names=[task_instructions,{COUNTED}]")

    assert ended.returncode == 0, ended.stderr
    for task in tasks:
        counted = values(ended.stderr, COUNTED, task)
        assert counted == sorted(set(counted))
        assert len(counted) == 3
