"""CPU and memory of tasks: the values, and every way in which the files of a cgroup can be wrong."""

import os
import shutil
from pathlib import Path

import pytest

from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.builtin.cgroup.source import PAGE_SIZE, UNLIMITED
from wca_core.errors import StartError
from wca_core.linux.files import OpenFiles
from wca_core.model.metric import Sample, Samples
from wca_core.testing import GivenTasks, Machine, Measured, check_plugin, make_task, run_step, running

CPU_STAT = "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\n"
MEMORY_STAT = "anon 1\nfile 2\nkernel 3\ninactive_file 150\npgfault 5\npgmajfault 6\n"
V2_FILES = {
    "cpu.stat": CPU_STAT,
    "memory.current": "100\n",
    "memory.peak": "200\n",
    "memory.max": "max\n",
    "memory.high": "max\n",
    "memory.low": "0\n",
    "memory.min": "0\n",
    "memory.stat": MEMORY_STAT,
    "memory.events": "low 0\nhigh 0\nmax 1\noom 0\noom_kill 0\n",
    "memory.swap.current": "50\n",
    "memory.swap.max": "max\n",
    "cpu.max": "50000 100000\n",
    "io.stat": "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n",
    "pids.current": "3\n",
    "pids.max": "40\n",
    "memory.numa_stat": "anon N0=4096\nfile N0=0\ninactive_anon N0=8192 N1=4096\nactive_anon N0=4096 N1=0\n",
}
V1_FILES = {
    "cpuacct": {"cpuacct.usage": "1000000000\n", "cpuacct.usage_user": "7000000\n", "cpuacct.usage_sys": "3000000\n"},
    "memory": {
        "memory.usage_in_bytes": "100\n",
        "memory.max_usage_in_bytes": "200\n",
        "memory.limit_in_bytes": f"{UNLIMITED}\n",
        "memory.soft_limit_in_bytes": "300\n",
        "memory.kmem.usage_in_bytes": "7\n",
        "memory.stat": "cache 2\nrss 1\ninactive_file 4\npgfault 5\npgmajfault 6\ntotal_pgfault 50\n",
        "memory.numa_stat": "total=5 N0=5\nhierarchical_total=1 N0=123 N1=234\n",
    },
}


def v2(root: Path, **changes: str | bytes | None) -> Machine:
    """A machine with the cgroup /a; of its files some are changed or (None) missing."""
    files = {**V2_FILES, **{name.replace("__", "."): text for name, text in changes.items()}}
    return Machine(root).cgroup_v2("/a", {name: text for name, text in files.items() if text is not None})


def value(samples: Samples, name: str) -> float | None:
    found: list[Sample] = [one for one in samples if one.name == name and one.series.task]
    assert len(found) < 2
    return found[0].value if found else None


def test_cgroup_v2_is_measured(tmp_path: Path) -> None:
    step = run_step(v2(tmp_path), [CgroupMetrics()], [make_task("/a")])

    cpu = [step.value(f"task_cpu_{part}_seconds") for part in ("usage", "user", "system")]
    memory = [step.value(f"task_mem_{part}_bytes") for part in ("usage", "max_usage", "anon", "file", "kernel")]
    assert cpu == [2.5, 2.0, 0.5]
    assert memory == [100, 200, 1, 2, 3]
    assert step.value("task_mem_limit_bytes") == UNLIMITED
    assert step.value("task_mem_working_set_bytes") == 0
    assert step.value("task_mem_numa_bytes", numa_node="0") == 12288
    assert step.value("task_mem_numa_pages", numa_node="1") == 4096 // PAGE_SIZE
    assert step.value("task_up") == 1


def test_cgroup_v1_is_measured(tmp_path: Path) -> None:
    step = run_step(Machine(tmp_path).cgroup_v1("/a", V1_FILES), [CgroupMetrics()], [make_task("/a")])

    cpu = [step.value(f"task_cpu_{part}_seconds") for part in ("usage", "user", "system")]
    assert cpu == [1.0, 0.007, 0.003]
    assert [step.value("task_mem_page_faults"), step.value("task_mem_major_page_faults")] == [50, 6]
    assert step.value("task_mem_working_set_bytes") == 96
    assert step.value("task_mem_limit_bytes") == UNLIMITED
    assert step.value("task_mem_numa_pages", numa_node="1") == 234
    assert step.value("task_mem_numa_bytes", numa_node="0") == 123 * PAGE_SIZE


def test_without_the_file_of_user_time_ticks_are_counted(tmp_path: Path) -> None:
    files = {"cpuacct": {"cpuacct.usage": "5", "cpuacct.stat": "user 100\nsystem 250\n"}}

    step = run_step(Machine(tmp_path).cgroup_v1("/a", files), [CgroupMetrics()], [make_task("/a")])

    assert (step.value("task_cpu_user_seconds"), step.value("task_cpu_system_seconds")) == (1.0, 2.5)


def test_everything_that_is_measured_is_described(tmp_path: Path) -> None:
    described = {metric.name for metric in check_plugin(CgroupMetrics())}

    step = run_step(v2(tmp_path), [CgroupMetrics()], [make_task("/a", resources={"cpus": 1, "mem": 2})])

    assert {name for name in step.names if name.startswith("task_")} <= described


def test_the_files_of_containers_are_merged(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/pod/a", {**V2_FILES, "memory.max": "100\n"})
    machine.cgroup_v2("/pod/b", V2_FILES).cgroup_v2("/pod", {**V2_FILES, "memory.current": "9999\n"})

    step = run_step(machine, [CgroupMetrics()], [make_task("/pod", "/pod/a", "/pod/b")])

    assert step.value("task_mem_limit_bytes") == UNLIMITED
    assert step.value("task_mem_usage_bytes") == 200
    assert step.value("task_cpu_usage_seconds") == 5.0
    assert step.value("task_mem_numa_bytes", numa_node="0") == 24576
    assert step.value("task_subcontainers") == 2


def test_a_container_that_is_replaced_does_not_make_the_counter_fall(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v1("/a", {"cpuacct": {"cpuacct.usage": "10000000000"}})
    machine.cgroup_v1("/b", {"cpuacct": {"cpuacct.usage": "5000000000"}})
    found = []

    with running(machine, [CgroupMetrics()], [make_task("/pod", "/a")]) as agent:
        node = agent._dispatcher.bindings[0].plugin
        for seconds, path in ((10, "/a"), (20, "/a"), (5, "/b"), (8, "/b")):
            node.tasks = [make_task("/pod", path)]  # type: ignore[attr-defined]
            machine.cgroup_v1(path, {"cpuacct": {"cpuacct.usage": f"{seconds}000000000"}})
            found.append(value(agent.step().samples, "task_cpu_usage_seconds"))

    assert found == [10.0, 20.0, 25.0, 28.0]


def test_without_memory_peak_the_highest_usage_seen_is_told(tmp_path: Path) -> None:
    machine = v2(tmp_path, memory__peak=None)
    found = []

    with running(machine, [CgroupMetrics()], [make_task("/a")]) as agent:
        for usage in (5, 9, 3):
            machine.cgroup_v2("/a", {"memory.current": f"{usage}\n"})
            found.append(value(agent.step().samples, "task_mem_max_usage_bytes"))

    assert found == [5, 9, 9]


def test_a_task_without_the_memory_controller_is_still_measured(tmp_path: Path) -> None:
    step = run_step(
        Machine(tmp_path).cgroup_v2("/a", {"cpu.stat": CPU_STAT}, controllers="cpu"),
        [CgroupMetrics()],
        [make_task("/a")],
    )

    assert step.value("task_cpu_usage_seconds") == 2.5
    assert step.value("task_mem_usage_bytes") is None
    assert (step.value("task_up"), step.value("wca_plugin_up", plugin="cgroup")) == (1, 1)


EMPTY = (b"", b"\n", b"\n" * 5000)
MALFORMED = (
    *(b"garbage\n", b"\xff\xfe\0", b"1 2 3\n", b"usage_usec\n", b"9" * 400, b"9" * 5000, b"-", b"anon N0=x\n", b"N0\n"),
    *(b"low " + b"9" * 400 + b"\n", b"usage_usec " + b"9" * 400 + b"\nuser_usec 1\nsystem_usec 1\n"),
)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        *((file, text) for file in sorted(V2_FILES) for text in MALFORMED),
        *((file, text) for file in sorted(V2_FILES) if file != "io.stat" for text in EMPTY),
    ],
)
def test_a_malformed_file_costs_only_its_own_values(tmp_path: Path, file: str, text: bytes) -> None:
    machine = v2(tmp_path, **{file.replace(".", "__"): text})
    machine.cgroup_v2("/good", V2_FILES)

    with running(machine, [CgroupMetrics()], [make_task("/a"), make_task("/good")]) as agent:
        for _ in range(3):
            samples = agent.step().samples

    assert agent.host.statistics.plugin("cgroup").up
    by_task = {
        name: [one for one in samples if one.series.task and one.labels["task_id"] == name] for name in ("/a", "/good")
    }
    assert len(by_task["/a"]) < len(by_task["/good"])
    kept = {one.name for one in by_task["/a"]}
    assert ("task_cpu_usage_seconds" in kept) == (file != "cpu.stat")
    assert ("task_mem_usage_bytes" in kept) == (file != "memory.current")


@pytest.mark.parametrize("file", sorted(V2_FILES))
@pytest.mark.parametrize("maximum", [0, 1000])
def test_a_file_that_becomes_malformed_costs_only_its_own_values_and_comes_back(
    tmp_path: Path, file: str, maximum: int
) -> None:
    machine = v2(tmp_path)
    host = machine.host(open_files=OpenFiles(maximum))
    counts = []

    with running(host, [CgroupMetrics()], [make_task("/a")]) as agent:
        for text in (V2_FILES[file], "garbage", V2_FILES[file]):
            machine.cgroup_v2("/a", {file: text})
            counts.append(sum(1 for one in agent.step().samples if one.series.task))

    assert counts[0] == counts[2] > counts[1] > 6
    assert agent.host.statistics.plugin("cgroup").errors == {}


def test_a_node_that_comes_or_changes_is_told(tmp_path: Path) -> None:
    machine = v2(tmp_path)

    with running(machine, [CgroupMetrics()], [make_task("/a")]) as agent:
        agent.step()
        machine.cgroup_v2("/a", {"memory.numa_stat": "inactive_anon N0=1 N7=2\n"})
        samples = agent.step().samples

    nodes = {one.labels["numa_node"]: one.value for one in samples if one.name == "task_mem_numa_bytes"}
    assert nodes == {"0": 1, "7": 2}


def test_a_number_of_ten_megabytes_is_no_number(tmp_path: Path) -> None:
    step = run_step(v2(tmp_path, memory__current=b"1" * 10_000_000), [CgroupMetrics()], [make_task("/a")])

    assert step.value("task_mem_usage_bytes") is None
    assert step.value("task_mem_working_set_bytes") is None
    assert step.value("task_mem_anon_bytes") == 1


@pytest.mark.parametrize("maximum", [0, 1000])
def test_a_memory_stat_of_a_megabyte_is_read_whole(tmp_path: Path, maximum: int) -> None:
    padding = "".join(f"field_{number} {number}\n" for number in range(60_000))
    machine = v2(tmp_path, memory__stat=padding + MEMORY_STAT)

    step = run_step(machine.host(open_files=OpenFiles(maximum)), [CgroupMetrics()], [make_task("/a")])

    assert step.value("task_mem_anon_bytes") == 1


def test_a_file_that_cannot_be_read_costs_only_its_own_values(tmp_path: Path) -> None:
    machine = v2(tmp_path, memory__stat=None)
    (tmp_path / "sys/fs/cgroup/a/memory.stat").mkdir()  # EISDIR for root too, whom permissions do not stop

    step = run_step(machine, [CgroupMetrics()], [make_task("/a")])

    assert step.value("task_mem_anon_bytes") is None
    assert step.value("task_mem_usage_bytes") == 100
    assert step.value("wca_plugin_up", plugin="cgroup") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not stop root")
def test_a_file_without_permission_costs_only_its_own_values_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    machine = v2(tmp_path).cgroup_v2("/b", V2_FILES)
    for name in ("a", "b"):
        (tmp_path / f"sys/fs/cgroup/{name}/memory.stat").chmod(0)

    step = run_step(machine, [CgroupMetrics()], [make_task("/a"), make_task("/b")])

    assert step.values("task_mem_anon_bytes") == {}
    assert step.values("task_mem_usage_bytes") == {"/a": 100, "/b": 100}
    assert caplog.text.count("no permission to read it (run as root or with CAP_DAC_READ_SEARCH)") == 1


def test_a_directory_without_any_file_gives_nothing_not_even_task_up(tmp_path: Path) -> None:
    machine = v2(tmp_path)
    (tmp_path / "sys/fs/cgroup/empty").mkdir()

    step = run_step(machine, [CgroupMetrics()], [make_task("/empty"), make_task("/a")])

    assert step.values("task_up") == {"/a": 1}


@pytest.mark.parametrize("path", ["/gone", "/a\0b", "/" + "x" * 5000, "/a/cpu.stat", "relative"])
def test_a_cgroup_that_is_not_there_gives_nothing(tmp_path: Path, path: str) -> None:
    step = run_step(v2(tmp_path), [CgroupMetrics()], [make_task(path), make_task("/a")])

    assert step.values("task_up") == {"/a": 1}
    assert step.value("wca_plugin_up", plugin="cgroup") == 1


@pytest.mark.parametrize("maximum", [0, 1000])
def test_a_cgroup_back_under_its_name_counts_on(tmp_path: Path, maximum: int) -> None:
    machine = v2(tmp_path)
    directory = tmp_path / "sys/fs/cgroup/a"
    found = []

    with running(machine.host(open_files=OpenFiles(maximum)), [CgroupMetrics()], [make_task("/a")]) as agent:
        found.append(value(agent.step().samples, "task_cpu_usage_seconds"))
        directory.rename(tmp_path / "kept-so-that-its-inode-is-not-used-again")
        if maximum == 0:
            assert value(agent.step().samples, "task_up") is None
        machine.cgroup_v2("/a", V2_FILES)
        if maximum:  # files of a removed cgroup answer ENODEV; fake ones do not, so have them looked at anew
            node = agent._dispatcher.bindings[0].plugin
            node.tasks = [make_task("/a", labels={"new": "label"})]  # type: ignore[attr-defined]
        found.append(value(agent.step().samples, "task_cpu_usage_seconds"))

    assert found == [2.5, 5.0]


def test_a_cgroup_that_goes_and_comes_while_no_file_is_kept_open_is_measured_again(tmp_path: Path) -> None:
    machine = v2(tmp_path)
    up = []

    with running(machine.host(open_files=OpenFiles(0)), [CgroupMetrics()], [make_task("/a")]) as agent:
        for is_there in (True, False, False, True):
            shutil.rmtree(tmp_path / "sys/fs/cgroup/a", ignore_errors=True)
            if is_there:
                machine.cgroup_v2("/a", V2_FILES)
            up.append(value(agent.step().samples, "task_up"))

    assert up == [1, None, None, 1]
    assert agent.host.statistics.plugin("cgroup").up


def test_a_file_that_goes_while_its_cgroup_stays_does_not_double_the_other_counters(tmp_path: Path) -> None:
    machine = v2(tmp_path)
    found = []

    with running(machine.host(open_files=OpenFiles(0)), [CgroupMetrics()], [make_task("/a")]) as agent:
        for _ in range(3):
            found.append(value(agent.step().samples, "task_cpu_usage_seconds"))
            (tmp_path / "sys/fs/cgroup/a/memory.stat").unlink(missing_ok=True)

    assert found == [2.5, 2.5, 2.5]


def test_without_a_budget_of_open_files_the_values_are_the_same(tmp_path: Path) -> None:
    machine = v2(tmp_path)
    texts = []

    for maximum in (0, 3, 1000):
        with running(machine.host(open_files=OpenFiles(maximum)), [CgroupMetrics()], [make_task("/a")]) as agent:
            agent.step()
            texts.append([repr(one) for one in agent.step().samples if one.series.task])
        assert agent.host.open_files.count == 0

    assert texts[0] == texts[1] == texts[2]
    assert len(texts[0]) > 15


def test_only_the_metrics_asked_for_are_measured(tmp_path: Path) -> None:
    step = run_step(
        v2(tmp_path), [CgroupMetrics(metrics=["task_cpu_*", "task_mem_working_set_bytes"])], [make_task("/a")]
    )

    assert {name for name in step.names if name.startswith(("task_cpu", "task_mem"))} == {
        *("task_cpu_usage_seconds", "task_cpu_user_seconds", "task_cpu_system_seconds", "task_mem_working_set_bytes"),
        "task_cpu_limit_cpus",
    }


def test_a_machine_without_cgroups_refuses_to_start(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="cgroup cannot start: no cgroup filesystem found"):
        run_step(Machine(tmp_path), [CgroupMetrics()], [make_task("/a")])


def test_tasks_read_together_give_what_each_gives_alone(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    for number in range(3):
        machine.cgroup_v2(f"/{number}", {"cpu.stat": f"usage_usec {number}000000\nuser_usec 1\nsystem_usec 2\n"})
    tasks = [make_task(f"/{number}") for number in range(3)]

    with running(machine, [CgroupMetrics()], tasks) as agent:
        alone = Measured(agent.step(), agent.host.statistics)
        agent.step()
        together = Measured(agent.step(), agent.host.statistics)

    assert together.values("task_cpu_usage_seconds") == alone.values("task_cpu_usage_seconds")
    assert together.values("task_cpu_usage_seconds") == {"/0": 0.0, "/1": 1.0, "/2": 2.0}
    assert together.names == alone.names


def test_a_counter_that_falls_in_a_group_goes_on_for_its_task_and_costs_the_others_nothing(tmp_path: Path) -> None:
    def stat(seconds: int) -> dict[str, str]:
        return {"cpu.stat": f"usage_usec {seconds}000000\nuser_usec 1\nsystem_usec 2\n"}

    machine = Machine(tmp_path).cgroup_v2("/a", stat(10)).cgroup_v2("/b", stat(5))
    with running(machine, [CgroupMetrics()], [make_task("/a"), make_task("/b")]) as agent:
        for _ in range(3):
            agent.step()
        machine.cgroup_v2("/a", stat(20)).cgroup_v2("/b", stat(6))
        agent.step()
        machine.cgroup_v2("/a", stat(3)).cgroup_v2("/b", stat(7))

        fallen = Measured(agent.step(), agent.host.statistics)
        after = Measured(agent.step(), agent.host.statistics)

    assert fallen.values("task_cpu_usage_seconds") == {"/a": 23.0, "/b": 7.0}
    assert after.values("task_cpu_usage_seconds") == {"/a": 23.0, "/b": 7.0}


def test_tasks_without_any_wanted_counter_may_change_after_they_were_read_together(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/a", {"memory.current": "1\n"}).cgroup_v2("/b", {"memory.current": "2\n"})
    given = GivenTasks(tasks=[make_task("/a"), make_task("/b")])

    with running(machine, [given, CgroupMetrics(metrics=["task_mem_usage_bytes"])]) as agent:
        for _ in range(3):
            agent.step()
        given.tasks = [make_task("/b")]
        after = Measured(agent.step(), agent.host.statistics)

    assert after.values("task_mem_usage_bytes") == {"/b": 2}
    assert after.value("wca_plugin_up", plugin="cgroup") == 1


def test_a_table_longer_than_the_usual_buffer_is_read_whole_in_a_group_too(tmp_path: Path) -> None:
    nodes = range(600)
    line = "inactive_anon " + " ".join(f"N{node}=4096" for node in nodes) + "\n"
    machine = Machine(tmp_path).cgroup_v2(
        "/a", {"memory.current": "1\n", "memory.numa_stat": line.replace("N0=4096", "N0=8192")}
    )

    with running(machine, [CgroupMetrics()], [make_task("/a")]) as agent:
        steps = [agent.step() for _ in range(4)]
        found = Measured(steps[-1], agent.host.statistics)

    assert len(line) > 4096
    assert found.value("task_mem_numa_bytes", numa_node="0") == 8192
    assert found.value("task_mem_numa_bytes", numa_node="599") == 4096
    assert found.value("wca_plugin_errors", plugin="cgroup", hook="collect_metrics") == 0
