"""Limits of CPU, memory, swap and threads, and what is counted when a task meets them."""

from pathlib import Path

import pytest

from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.builtin.cgroup.source import UNLIMITED
from wca_core.configuration import Request, configured
from wca_core.errors import ConfigurationError
from wca_core.testing import Machine, Measured, make_task, run_step, running

TIMES = "usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\n"
BANDWIDTH = "nr_periods 10\nnr_throttled 4\nthrottled_usec 2500000\n"
BURSTS = "nr_bursts 3\nburst_usec 500000\n"
COUNTS = ("task_cpu_periods", "task_cpu_throttled_periods", "task_cpu_throttled_seconds")
OF_BURSTS = ("task_cpu_bursts", "task_cpu_burst_seconds")


def measure_v2(root: Path, files: dict[str, str]) -> Measured:
    return run_step(Machine(root).cgroup_v2("/a", files), [CgroupMetrics()], [make_task("/a")])


def measure_v1(root: Path, files: dict[str, dict[str, str]]) -> Measured:
    return run_step(Machine(root).cgroup_v1("/a", files), [CgroupMetrics()], [make_task("/a")])


def of(step: Measured, *names: str) -> list[float | None]:
    return [step.value(name) for name in names]


def test_throttling_is_told_in_periods_and_seconds_on_both_versions(tmp_path: Path) -> None:
    v1 = "nr_periods 10\nnr_throttled 4\nthrottled_time 2500000000\nnr_bursts 3\nburst_time 500000000\n"

    steps = [
        measure_v2(tmp_path / "v2", {"cpu.stat": TIMES + BANDWIDTH + BURSTS}),
        measure_v1(tmp_path / "v1", {"cpu": {"cpu.stat": v1}}),
    ]

    for step in steps:
        assert of(step, *COUNTS, *OF_BURSTS) == [10, 4, 2.5, 3, 0.5]


def test_without_the_cpu_controller_the_times_are_told_alone(tmp_path: Path) -> None:
    step = measure_v2(tmp_path, {"cpu.stat": TIMES})

    assert of(step, *(f"task_cpu_{part}_seconds" for part in ("usage", "user", "system"))) == [1.5, 1.0, 0.5]
    assert of(step, *COUNTS, *OF_BURSTS) == [None] * 5


def test_a_kernel_without_bursts_tells_the_rest(tmp_path: Path) -> None:
    step = measure_v2(tmp_path, {"cpu.stat": TIMES + BANDWIDTH})

    assert of(step, *COUNTS, *OF_BURSTS) == [10, 4, 2.5, None, None]


def test_a_cpu_controller_that_is_enabled_later_is_noticed_at_once(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/a", {"cpu.stat": TIMES})

    with running(machine, [CgroupMetrics()], [make_task("/a")]) as agent:
        for _ in range(3):
            agent.step()
        machine.cgroup_v2("/a", {"cpu.stat": TIMES + BANDWIDTH})
        step = Measured(agent.step(), agent.host.statistics)

    assert of(step, *COUNTS) == [10, 4, 2.5]
    assert step.value("task_cpu_usage_seconds") == 1.5


@pytest.mark.parametrize(("quota", "period", "cpus"), [(50_000, 100_000, 0.5), (300_000, 100_000, 3.0)])
def test_the_cpu_limit_is_told_in_cpus(tmp_path: Path, quota: int, period: int, cpus: float) -> None:
    files = {"cpu.cfs_quota_us": f"{quota}\n", "cpu.cfs_period_us": f"{period}\n"}

    steps = [
        measure_v2(tmp_path / "v2", {"cpu.max": f"{quota} {period}\n"}),
        measure_v1(tmp_path / "v1", {"cpu": files}),
    ]

    assert [step.value("task_cpu_limit_cpus") for step in steps] == [cpus, cpus]
    assert not any("period_us" in name for step in steps for name in step.names)


def test_no_limit_of_cpus_and_threads_is_not_told(tmp_path: Path) -> None:
    quota = {"cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n"}
    threads = {"pids.current": "7\n", "pids.max": "max\n"}

    steps = [
        measure_v2(tmp_path / "v2", {"cpu.max": "max 100000\n", **threads}),
        measure_v1(tmp_path / "v1", {"cpu": quota, "pids": threads}),
    ]

    for step in steps:
        assert of(step, "task_cpu_limit_cpus", "task_pids", "task_pids_limit") == [None, 7, None]


def test_a_limit_that_is_set_changed_and_lifted_is_followed_by_each_task_of_a_group(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/a", {"pids.max": "max\n"}).cgroup_v2("/b", {"pids.max": "40\n"})
    for path in ("/a", "/b"):
        machine.cgroup_v2(path, {"cpu.stat": TIMES})
    found = []

    with running(machine, [CgroupMetrics()], [make_task("/a"), make_task("/b")]) as agent:
        for limit in ("max", "10", "20", "max"):
            machine.cgroup_v2("/a", {"pids.max": f"{limit}\n"})
            for _ in range(3):
                step = Measured(agent.step(), agent.host.statistics)
            found.append(step.values("task_pids_limit"))
            assert step.values("task_cpu_usage_seconds") == {"/a": 1.5, "/b": 1.5}

    assert found == [{"/b": 40}, {"/a": 10, "/b": 40}, {"/a": 20, "/b": 40}, {"/b": 40}]


def test_the_highest_usage_seen_outlasts_a_change_of_limits(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/a", {})
    found = []

    with running(machine, [CgroupMetrics()], [make_task("/a")]) as agent:
        for usage, limit in ((9, "max"), (5, "max"), (4, "40"), (3, "max")):
            machine.cgroup_v2("/a", {"memory.current": f"{usage}\n", "pids.max": f"{limit}\n"})
            found.append(Measured(agent.step(), agent.host.statistics).value("task_mem_max_usage_bytes"))

    assert found == [9, 9, 9, 9]


def test_limits_of_containers_are_added_up(tmp_path: Path) -> None:
    limits = {"cpu.max": "50000 100000\n", "pids.max": "10\n", "memory.swap.max": "100\n", "pids.current": "1\n"}
    machine = Machine(tmp_path).cgroup_v2("/pod/a", limits).cgroup_v2("/pod/b", limits)

    step = run_step(machine, [CgroupMetrics()], [make_task("/pod", "/pod/a", "/pod/b")])

    assert of(step, "task_cpu_limit_cpus", "task_pids_limit", "task_mem_swap_limit_bytes") == [1.0, 20, 200]
    assert step.value("task_pids") == 2


def test_a_task_with_one_unlimited_container_has_no_limit(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.cgroup_v2("/pod/a", {"cpu.max": "50000 100000\n", "pids.max": "10\n", "memory.swap.max": "100\n"})
    machine.cgroup_v2("/pod/b", {"cpu.max": "max 100000\n", "pids.max": "max\n", "memory.swap.max": "max\n"})

    step = run_step(machine, [CgroupMetrics()], [make_task("/pod", "/pod/a", "/pod/b")])

    assert of(step, "task_cpu_limit_cpus", "task_pids_limit") == [None, None]
    assert step.value("task_mem_swap_limit_bytes") == UNLIMITED


def v1_memory(**files: int | str) -> dict[str, dict[str, str]]:
    stat = "cache 1\nrss 2\ninactive_file 3\npgfault 4\npgmajfault 5\n"
    named = {f"memory.{name.replace('__', '.')}": f"{value}\n" for name, value in files.items()}
    return {"memory": {"memory.stat": stat, **named}}


@pytest.mark.parametrize(
    ("memory", "both", "swap"),
    [(1000, 1500, 500), (1000, UNLIMITED, UNLIMITED), (UNLIMITED, UNLIMITED, UNLIMITED), (1000, 1000, 0)],
)
def test_the_swap_limit_of_v1_is_what_both_may_have_less_the_memory_limit(
    tmp_path: Path, memory: int, both: int, swap: int
) -> None:
    step = measure_v1(tmp_path, v1_memory(limit_in_bytes=memory, memsw__limit_in_bytes=both))

    assert step.value("task_mem_swap_limit_bytes") == swap
    assert step.value("task_mem_limit_bytes") == memory


@pytest.mark.parametrize(("both", "swap"), [(150, 50), (100, 0), (90, 0)])
def test_the_swap_usage_of_v1_is_what_both_use_less_the_memory(tmp_path: Path, both: int, swap: int) -> None:
    step = measure_v1(tmp_path, v1_memory(usage_in_bytes=100, memsw__usage_in_bytes=both))

    assert step.value("task_mem_swap_usage_bytes") == swap
    assert step.value("task_mem_usage_bytes") == 100


def test_without_its_own_file_the_swap_usage_of_v1_is_in_memory_stat(tmp_path: Path) -> None:
    files = v1_memory(usage_in_bytes=100)
    files["memory"]["memory.stat"] += "swap 6\ntotal_swap 7\n"

    step = measure_v1(tmp_path, files)

    assert step.value("task_mem_swap_usage_bytes") == 7
    assert step.value("task_mem_swap_limit_bytes") is None


def test_without_swap_accounting_no_swap_is_told(tmp_path: Path) -> None:
    steps = [
        measure_v1(tmp_path / "v1", v1_memory(usage_in_bytes=100, limit_in_bytes=1000)),
        measure_v2(tmp_path / "v2", {"memory.current": "100\n", "memory.max": "max\n"}),
    ]

    for step in steps:
        assert of(step, "task_mem_swap_usage_bytes", "task_mem_swap_limit_bytes") == [None, None]
        assert step.value("task_mem_usage_bytes") == 100


def test_every_event_that_the_kernel_counts_is_told_also_one_that_nobody_knows(tmp_path: Path) -> None:
    step = measure_v2(tmp_path, {"memory.events": "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\nsock_throttled 6\n"})

    found = {one.labels["event"]: one.value for one in step.samples("task_mem_events")}
    assert found == {"low": 1, "high": 2, "max": 3, "oom": 4, "oom_kill": 5, "sock_throttled": 6}


def test_of_v1_two_events_are_told(tmp_path: Path) -> None:
    files = v1_memory(failcnt=7, oom_control="oom_kill_disable 0\nunder_oom 0\noom_kill 2")

    step = measure_v1(tmp_path, files)

    assert {one.labels["event"]: one.value for one in step.samples("task_mem_events")} == {"max": 7, "oom_kill": 2}


def test_kernels_that_do_not_count_kills_are_not_complained_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    step = measure_v1(tmp_path, v1_memory(failcnt=7, oom_control="oom_kill_disable 0\nunder_oom 0"))

    assert {one.labels["event"] for one in step.samples("task_mem_events")} == {"max"}
    assert "oom_control" not in caplog.text


def test_events_of_containers_are_added_up_and_stay_when_one_starts_anew(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/pod", {})
    found = []

    with running(machine, [CgroupMetrics()], [make_task("/pod", "/pod/a", "/pod/b")]) as agent:
        for first, second in ((1, 10), (2, 12), (0, 13)):
            machine.cgroup_v2("/pod/a", {"memory.events": f"max {first}\noom_kill 0\n"})
            machine.cgroup_v2("/pod/b", {"memory.events": f"max {second}\noom_kill 1\n"})
            step = Measured(agent.step(), agent.host.statistics)
            found.append((step.value("task_mem_events", event="max"), step.value("task_mem_events", event="oom_kill")))

    assert found == [(11, 1), (14, 1), (15, 1)]


STAT = "anon 1\nfile 2\nkernel 3\nshmem 9\ninactive_file 150\npgfault 5\npgmajfault 6\n"
OLD_STAT = STAT.replace("kernel 3", "kernel_stack 1\nslab 2\npagetables 3\npercpu 4\nsock 5")


def fields(step: Measured) -> dict[str, float]:
    return {one.labels["key"]: one.value for one in step.samples("task_mem_stat")}


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (True, {"anon", "file", "kernel", "shmem", "inactive_file", "pgfault", "pgmajfault"}),
        ("anon|sh", {"anon", "shmem"}),
        ("file", {"file"}),
        ("nothing", set()),
        (False, set()),
    ],
)
def test_fields_of_memory_stat_are_told_as_the_option_says(
    tmp_path: Path, option: bool | str, expected: set[str]
) -> None:
    machine = Machine(tmp_path).cgroup_v2("/a", {"memory.stat": STAT, "memory.current": "200\n"})

    step = run_step(machine, [CgroupMetrics(memory_stat=option)], [make_task("/a")])

    told = dict(line.split() for line in STAT.splitlines())
    assert fields(step) == {name: int(told[name]) for name in expected}
    assert of(step, "task_mem_kernel_bytes", "task_mem_working_set_bytes", "task_mem_file_bytes") == [3, 50, 2]


def test_before_kernel_5_18_the_kernel_memory_is_the_sum_of_its_parts_beside_all_fields(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/a", {"memory.stat": OLD_STAT})

    step = run_step(machine, [CgroupMetrics(memory_stat=True)], [make_task("/a")])

    assert step.value("task_mem_kernel_bytes") == 15
    assert fields(step)["slab"] == 2
    assert len(fields(step)) == len(OLD_STAT.splitlines())


def test_a_wrong_regular_expression_is_refused_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "wca.yaml"
    file.write_text("plugins:\n  cgroup: {memory_stat: '('}\n")

    with pytest.raises(ConfigurationError, match=r"wca\.yaml:2:.*memory_stat.* regular expression"):
        configured(Request(file=str(file))).plan()


def test_fields_of_memory_stat_of_v1_are_told_too(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v1("/a", v1_memory())

    step = run_step(machine, [CgroupMetrics(memory_stat="pg")], [make_task("/a")])

    assert fields(step) == {"pgfault": 4, "pgmajfault": 5}
