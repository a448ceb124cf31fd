"""Limits that real tasks run into, their block I/O and threads, as the kernel's files say: v1 here, v2 in the VM."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.cgroups import Cgroup, Cgroups, first_line, real_cgroups_or_skip, wait_until
from tests.kernel_truth import read_truth, stands_on_nothing
from tests.measuring import BUSY, MIB, PYTHON, SLEEPING, measured, of_still, set_cpu_limit, set_limit
from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.host import Host
from wca_core.testing import make_task, run_step, running

pytestmark = [pytest.mark.root, pytest.mark.vm]

GREEDY = """
import mmap
pages = mmap.mmap(-1, 64 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for at in range(0, 64 << 20, mmap.PAGESIZE): pages[at] = 1
"""


@pytest.fixture
def cgroups() -> Iterator[Cgroups]:
    with real_cgroups_or_skip() as made:
        yield made


def is_throttled(cgroup: Cgroup) -> bool:
    return read_truth(cgroup)["task_cpu_throttled_periods", ""] >= 3


def test_throttling_is_what_the_kernel_says(cgroups: Cgroups) -> None:
    cgroup = cgroups.make("throttled")
    set_cpu_limit(cgroup, 10_000, 100_000)
    first_line(cgroup.run(*BUSY))
    wait_until(partial(is_throttled, cgroup), "a busy cgroup with a tenth of a CPU is not throttled")
    cgroup.suspend()

    truth, step = of_still([cgroup], lambda: run_step(Host(), [CgroupMetrics()], [make_task(cgroup.path)]).step)

    found = measured(step, cgroup.path)
    assert found == truth[cgroup.path]
    assert found["task_cpu_limit_cpus", ""] == 0.1
    assert found["task_cpu_periods", ""] >= found["task_cpu_throttled_periods", ""] >= 3
    assert found["task_cpu_throttled_seconds", ""] > 0.05


def test_a_limit_is_told_from_the_step_on_in_which_it_is_set_until_it_is_lifted(cgroups: Cgroups) -> None:
    cgroup = cgroups.make("limited")
    found = []

    with running(Host(), [CgroupMetrics()], [make_task(cgroup.path)]) as agent:
        for quota, pids in ((-1, "max"), (-1, "max"), (150_000, "40"), (50_000, "50"), (-1, "max")):
            set_cpu_limit(cgroup, quota, 100_000) if quota > 0 else lift_cpu_limit(cgroup)
            cgroup.file("pids.max").write_text(pids)
            for _ in range(2):
                agent.step()
            truth, values = of_still([cgroup], lambda: measured(agent.step(), cgroup.path))
            found.append((values.get(("task_cpu_limit_cpus", "")), values.get(("task_pids_limit", ""))))
            assert values == truth[cgroup.path]

    assert found == [(None, None), (None, None), (1.5, 40), (0.5, 50), (None, None)]


def lift_cpu_limit(cgroup: Cgroup) -> None:
    if cgroup.trees.version == 1:
        cgroup.file("cpu.cfs_quota_us").write_text("-1")
    else:
        cgroup.file("cpu.max").write_text("max")


def test_threads_are_counted(cgroups: Cgroups) -> None:
    cgroup = cgroups.make("threads")
    for _ in range(3):
        first_line(cgroup.run(*SLEEPING))

    step = run_step(Host(), [CgroupMetrics()], [make_task(cgroup.path)])

    assert step.values("task_pids") == {cgroup.path: 3}


def test_a_task_that_wants_more_memory_than_it_may_have_is_seen_to_be_killed(cgroups: Cgroups) -> None:
    cgroup = cgroups.make("greedy")
    set_limit(cgroup, 32 * MIB, 32 * MIB)
    if cgroup.trees.version == 2:
        cgroup.file("memory.high").write_text("max")
        cgroup.file("memory.swap.max").write_text("0")
    with running(Host(), [CgroupMetrics()], [make_task(cgroup.path)]) as agent:
        before = measured(agent.step(), cgroup.path)
        assert cgroup.run(*PYTHON, GREEDY).wait(100) == -9

        truth, step = of_still([cgroup], agent.step)

    found = measured(step, cgroup.path)
    assert found == truth[cgroup.path]
    assert before["task_mem_events", "oom_kill"] == 0
    assert found["task_mem_events", "oom_kill"] == 1
    assert found["task_mem_events", "max"] > before["task_mem_events", "max"]


def test_direct_reads_and_writes_of_a_block_device_are_counted(cgroups: Cgroups, tmp_path: Path) -> None:
    device = block_device_below(tmp_path)
    cgroup = cgroups.make("io")
    if cgroup.trees.version == 1:
        # Newer kernels only count on v1 where somebody has asked for throttling; nothing reaches this limit.
        cgroup.file("blkio.throttle.read_bps_device").write_text(f"{device} 1000000000000")
    assert shutil.which("dd")
    file = tmp_path / "file"
    write = f"dd if=/dev/zero of={file} bs=1M count=4 oflag=direct"
    read = f"dd if={file} of=/dev/null bs=1M iflag=direct"
    by_device = CgroupMetrics(io_per_device=True, metrics=["task_io_*"])
    tasks = [make_task(cgroup.path)]
    with running(Host(), [CgroupMetrics()], tasks) as summing, running(Host(), [by_device], tasks) as telling:
        before = measured(summing.step(), cgroup.path)
        assert cgroup.run("sh", "-c", f"{write} && {read}").wait(100) == 0

        truth, step = of_still([cgroup], summing.step)
        each = measured(telling.step(), cgroup.path)

    found = measured(step, cgroup.path)
    assert before["task_io_write_bytes", ""] == 0
    assert found == truth[cgroup.path]
    for name in ("task_io_read_bytes", "task_io_write_bytes"):
        assert 4 * MIB <= found[name, ""] == each[name, device] < 6 * MIB
    assert found["task_io_writes", ""] == each["task_io_writes", device] >= 4


def block_device_below(path: Path) -> str:
    """The device of a file system with direct I/O that stands on nothing else; skips where there is none."""
    number = os.stat(path).st_dev
    device = f"{os.major(number)}:{os.minor(number)}"
    if not os.path.exists(f"/sys/dev/block/{device}") or not stands_on_nothing(device):
        pytest.skip(f"{path} is not on a block device of its own but on {device}")
    return device
