"""Controllers in several trees, of which a cgroup need not be in all, and files that nobody needs."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.builtin.cgroup.task_usage import RETRY, YOUNG
from wca_core.linux.files import OpenFiles
from wca_core.testing import Machine, Measured, make_task, run_step, running

CPU_STAT = "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\nnr_periods 1\nnr_throttled 1\nthrottled_usec 5\n"
PIDS = {"pids.current": "3\n", "pids.max": "40\n"}
IO = {"io.stat": "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n"}


def test_on_a_hybrid_machine_each_controller_is_read_where_it_is(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v1("/a", {"memory": {"memory.usage_in_bytes": "7\n"}, "cpuacct": {}})
    machine.cgroup_v1("/a", {"cpuacct": {"cpuacct.usage": "1000000000\n"}, "cpu": {"cpu.stat": "nr_periods 4\n"}})
    machine.cgroup_v2("/a", {**PIDS, **IO, "memory.current": "999\n", "cpu.stat": CPU_STAT}, controllers="io pids")

    step = run_step(machine, [CgroupMetrics()], [make_task("/a")])

    names = ("task_mem_usage_bytes", "task_cpu_usage_seconds", "task_cpu_periods", "task_pids", "task_io_writes")
    assert [step.value(name) for name in names] == [7, 1.0, 4, 3, 4]


def test_with_the_cpu_controller_in_the_unified_tree_times_of_v1_are_told_once(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v1("/a", {"cpuacct": {"cpuacct.usage": "1000000000\n"}})
    machine.cgroup_v2("/a", {"cpu.stat": CPU_STAT, "cpu.max": "50000 100000\n"}, controllers="cpu")

    with running(machine, [CgroupMetrics()], [make_task("/a")]) as agent:
        for _ in range(3):
            step = Measured(agent.step(), agent.host.statistics)

    names = ("task_cpu_usage_seconds", "task_cpu_user_seconds", "task_cpu_periods", "task_cpu_limit_cpus")
    assert [step.value(name) for name in names] == [1.0, 2.0, 1, 0.5]


@pytest.mark.parametrize("late", ["pids", "blkio", "memory"])
def test_a_cgroup_that_is_made_tree_by_tree_is_whole_in_the_next_step(tmp_path: Path, late: str) -> None:
    files = {
        "pids": PIDS,
        "blkio": {"blkio.throttle.io_serviced_recursive": "Total 0\n"},
        "memory": {"memory.usage_in_bytes": "1\n"},
    }
    machine = Machine(tmp_path).cgroup_v1("/other", files)
    machine.cgroup_v1("/a", {name: of for name, of in files.items() if name != late})

    with running(machine, [CgroupMetrics()], [make_task("/a")]) as agent:
        agent.step()
        machine.cgroup_v1("/a", {late: files[late]})
        step = Measured(agent.step(), agent.host.statistics)

    assert {"task_pids", "task_io_reads", "task_mem_usage_bytes"} <= step.names


def steps_until(machine: Machine, metric: str, act: Callable[[], object], maximum: int = 1000) -> int:
    """Steps from `act` until a task /a, long known and read together with /b, has this metric."""
    with running(
        machine.host(open_files=OpenFiles(maximum)), [CgroupMetrics()], [make_task("/a"), make_task("/b")]
    ) as agent:
        for _ in range(YOUNG + 3):
            agent.step()
        act()
        for number in range(1, 3 * RETRY):
            step = Measured(agent.step(), agent.host.statistics)
            assert step.values("task_cpu_usage_seconds") == {"/a": 2.5, "/b": 2.5}
            if "/a" in step.values(metric):
                return number
    raise AssertionError(f"{metric} has not come")


@pytest.mark.parametrize("maximum", [0, 1000])
def test_a_file_that_comes_late_is_noticed_within_a_minute_though_its_task_is_one_of_a_group(
    tmp_path: Path, maximum: int
) -> None:
    machine = Machine(tmp_path).cgroup_v2("/a", {"cpu.stat": CPU_STAT}).cgroup_v2("/b", {"cpu.stat": CPU_STAT})

    steps = steps_until(machine, "task_pids", lambda: machine.cgroup_v2("/a", PIDS), maximum)

    assert steps <= RETRY + 1


def test_a_tree_that_a_cgroup_enters_late_is_noticed_within_a_minute(tmp_path: Path) -> None:
    usage = {"cpuacct": {"cpuacct.usage": "2500000000\n"}}
    machine = Machine(tmp_path).cgroup_v1("/a", usage).cgroup_v1("/b", usage).cgroup_v1("/other", {"pids": PIDS})

    assert steps_until(machine, "task_pids", lambda: machine.cgroup_v1("/a", {"pids": PIDS})) <= RETRY + 1


def open_files(directory: Path) -> dict[str, str]:
    """Descriptors of this process with the names of their files in a directory."""
    links = {link.name: link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()}
    return {number: path.name for number, path in links.items() if path.parent == directory}


@pytest.mark.parametrize("trouble", [{}, {"io.stat": "garbage\n"}])
def test_what_a_cgroup_lacks_does_not_have_it_opened_in_every_step(tmp_path: Path, trouble: dict[str, str]) -> None:
    machine = Machine(tmp_path).cgroup_v2("/a", {"cpu.stat": CPU_STAT, **PIDS, **trouble})
    seen = []

    with running(machine, [CgroupMetrics()], [make_task("/a")]) as agent:
        agent.step()
        for _ in range(2 * YOUNG):
            spare = os.open("/dev/null", os.O_RDONLY)  # takes the number of a file that is closed and opened again
            agent.step()
            os.close(spare)
            seen.append(open_files(tmp_path / "sys/fs/cgroup/a"))

    assert set(seen[0].values()) == {"cpu.stat", "pids.current", "pids.max"}
    assert all(one == seen[0] for one in seen)


@pytest.mark.parametrize(
    ("metric", "file", "others"),
    [
        ("task_pids", "pids.current", 0),
        ("task_mem_events", "memory.events", 0),
        ("task_io_reads", "io.stat", 0),
        ("task_cpu_limit_cpus", "cpu.max", 0),
        ("task_mem_working_set_bytes", "memory.stat", 1),
    ],
)
def test_files_that_hold_nothing_wanted_are_not_opened(tmp_path: Path, metric: str, file: str, others: int) -> None:
    texts = {
        "memory.current": "9\n",
        "memory.events": "max 1\n",
        "cpu.max": "1 2\n",
        "cpu.stat": CPU_STAT,
        **PIDS,
        **IO,
    }
    texts["memory.stat"] = "anon 1\nfile 2\nkernel 3\ninactive_file 4\npgfault 5\npgmajfault 6\n"
    host = Machine(tmp_path).cgroup_v2("/a", texts).host()

    with running(host, [CgroupMetrics(metrics=[metric])], [make_task("/a")]) as agent:
        names = {one.name for one in agent.step().samples if one.series.task}
        opened = set(open_files(tmp_path / "sys/fs/cgroup/a").values())

    assert metric in names
    assert file in opened
    assert len(opened) == 1 + others


def test_the_period_of_v1_is_only_read_where_there_is_a_limit(tmp_path: Path) -> None:
    period = {"cpu.cfs_period_us": "100000\n"}
    machine = Machine(tmp_path).cgroup_v1("/a", {"cpu": {"cpu.cfs_quota_us": "-1\n", **period}})
    opened = []

    with running(machine, [CgroupMetrics()], [make_task("/a")]) as agent:
        for quota in (-1, 200_000, -1):
            machine.cgroup_v1("/a", {"cpu": {"cpu.cfs_quota_us": f"{quota}\n", "cpu.stat": "nr_periods 1\n"}})
            agent.step()
            agent.step()
            opened.append(set(open_files(tmp_path / "sys/fs/cgroup/cpu/a").values()))

    assert opened[1] - opened[0] == {"cpu.cfs_period_us"}
    assert opened[2] == opened[0]
