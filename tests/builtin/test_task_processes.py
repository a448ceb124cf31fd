"""Processes and threads of tasks: which cgroups are looked at, and what is counted of them."""

import shutil
from pathlib import Path

import pytest

from wca_core.builtin.processes import PidCounts
from wca_core.builtin.sched import Sched
from wca_core.errors import CgroupGone
from wca_core.model.task import Task
from wca_core.testing import Machine, Measured, check_plugin, make_task, run_step, running

RULE = "-" * 67


def cgroup(machine: Machine, path: str, processes: str, threads: str = "") -> Machine:
    ids = {"cgroup.procs": processes.replace(" ", "\n"), "cgroup.threads": (threads or processes).replace(" ", "\n")}
    return machine.cgroup_v2(path, ids)


def ids(machine: Machine, task: Task) -> tuple[set[int], set[int]]:
    lists = machine.host().processes
    return {*lists.processes(task)}, {*lists.threads(task)}


def test_on_v2_the_whole_subtree_is_the_task(tmp_path: Path) -> None:
    machine = cgroup(Machine(tmp_path), "/a", "1", "1 2")
    cgroup(machine, "/a/init.scope/deep", "3", "3 4")

    assert ids(machine, make_task("/a")) == ({1, 3}, {1, 2, 3, 4})


def test_on_v2_a_pod_is_its_containers_and_what_is_in_its_own_cgroup(tmp_path: Path) -> None:
    machine = cgroup(Machine(tmp_path), "/pod", "1")
    for path, process in (("/pod/a", "2"), ("/pod/a/below", "3"), ("/pod/pause", "9")):
        cgroup(machine, path, process)

    assert ids(machine, make_task("/pod", "/pod/a"))[0] == {1, 2, 3}


def test_on_v1_only_the_containers_themselves_are_the_task(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    for path, process in (("/pod", "1"), ("/pod/a", "2"), ("/pod/a/below", "3"), ("/pod/b", "4")):
        machine.cgroup_v1(path, {"cpu": {"cgroup.procs": process, "tasks": f"{process}\n{process}0"}})

    assert ids(machine, make_task("/pod", "/pod/a", "/pod/b")) == ({2, 4}, {2, 20, 4, 40})


def test_on_v1_a_controller_may_have_the_task_elsewhere(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v1("/of/cpu", {"cpu": {"cgroup.procs": "7"}})

    found = machine.host().processes.processes(make_task("/a", controller_paths={"cpu": "/of/cpu"}))

    assert found == {7}


def test_on_v1_another_tree_serves_where_the_first_does_not_have_the_task(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v1("/", {"cpu": {}}).cgroup_v1("/a", {"memory": {"cgroup.procs": "7"}})

    assert machine.host().processes.processes(make_task("/a")) == {7}


def test_ids_that_are_not_visible_are_left_out_and_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    machine = cgroup(Machine(tmp_path), "/a", "0 0 5")

    assert ids(machine, make_task("/a")) == ({5}, {5})
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "PID namespace of the host" in caplog.text


def test_lists_are_read_once_a_step(tmp_path: Path) -> None:
    machine = cgroup(Machine(tmp_path), "/a", "1")
    host, task = machine.host(), make_task("/a")

    first = host.processes.processes(task)
    cgroup(machine, "/a", "1 2")

    assert host.processes.processes(task) is first
    host.look_around()
    assert host.processes.processes(task) == {1, 2}


def test_a_task_without_a_cgroup_is_gone_but_one_without_processes_is_not(tmp_path: Path) -> None:
    machine = cgroup(Machine(tmp_path), "/a", "")

    assert ids(machine, make_task("/a")) == (set(), set())
    with pytest.raises(CgroupGone, match="/b"):
        ids(machine, make_task("/b"))


def test_processes_and_threads_are_counted(tmp_path: Path) -> None:
    machine = cgroup(cgroup(Machine(tmp_path), "/a", "1 2", "1 2 3"), "/b", "")

    step = run_step(machine, [PidCounts()], [make_task("/a"), make_task("/b"), make_task("/gone")])

    assert step.values("task_processes") == {"/a": 2, "/b": 0}
    assert step.values("task_threads") == {"/a": 3, "/b": 0}
    assert {metric.name for metric in check_plugin(PidCounts())} == {"task_processes", "task_threads"}


def with_sched(machine: Machine, thread: int, *lines: str) -> Machine:
    text = "".join(f"{line}\n" for line in (f"a ({thread}, #threads: 1)", RULE, *lines))
    return machine.file(f"/proc/{thread}/sched", text)


def two_threads(root: Path) -> Machine:
    machine = cgroup(Machine(root), "/a", "1", "1 2")
    line = "numa_faults node=0 task_private={} task_shared=0 group_private=0 group_shared=0"
    with_sched(machine, 1, "nr_switches : 10", "prio : 120", line.format(100))
    return with_sched(machine, 2, "nr_switches : 5", "prio : 120", line.format(10))


def test_scheduler_statistics_are_summed_over_threads(tmp_path: Path) -> None:
    step = run_step(two_threads(tmp_path), [Sched(sched="nr_")], [make_task("/a")])

    assert step.value("task_sched_stat", key="nr_switches") == 15.0
    assert step.value("task_sched_stat", key="prio") is None
    assert step.value("task_sched_stat_numa_faults", numa_node="0", fault_type="task_private") == 110


def test_all_keys_or_none_may_be_asked_for(tmp_path: Path) -> None:
    machine = two_threads(tmp_path)

    every = run_step(machine, [Sched(sched=True)], [make_task("/a")])
    none = run_step(machine, [Sched()], [make_task("/a")])

    assert every.value("task_sched_stat", key="prio") == 240
    told = {name for name in every.names if "sched" in name} | {"task_measurement_errors"}
    assert told == {metric.name for metric in check_plugin(Sched())}
    assert not [name for name in none.names if "sched" in name]


def test_a_thread_that_cannot_be_read_is_an_error_of_its_task_only(tmp_path: Path) -> None:
    machine = cgroup(two_threads(tmp_path), "/b", "12")
    machine.file("/proc/12/sched/below", "")  # a directory cannot be read, and the thread has not ended
    tasks = [make_task("/a"), make_task("/b")]

    with running(machine, [Sched(sched="nr_")], tasks) as agent:
        steps = [Measured(agent.step(), agent.host.statistics) for _ in range(2)]

    assert [step.values("task_measurement_errors") for step in steps] == [{"/a": 0, "/b": 1}, {"/a": 0, "/b": 2}]


def test_a_thread_that_ended_costs_only_itself(tmp_path: Path) -> None:
    machine = two_threads(tmp_path)
    shutil.rmtree(tmp_path / "proc/1")

    step = run_step(machine, [Sched(sched="nr_")], [make_task("/a"), make_task("/gone")])

    assert step.value("task_sched_stat", key="nr_switches") == 5.0


def test_a_task_of_too_many_threads_is_left_out_and_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    machine = cgroup(two_threads(tmp_path), "/b", "2")

    with running(machine, [Sched(sched="nr_", sched_max_threads=1)], [make_task("/a"), make_task("/b")]) as agent:
        steps = [agent.step() for _ in range(2)]

    tasks = [{one.labels["task_id"] for one in step.samples if one.name == "task_sched_stat"} for step in steps]
    assert tasks == [{"/b"}, {"/b"}]
    assert [record.getMessage() for record in caplog.records] == ["task /a has 2 threads, more than 1: it is left out"]


def test_a_kernel_without_such_statistics_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    machine = cgroup(Machine(tmp_path), "/a", "1").file("/proc/1/status", "")

    with running(machine, [Sched(sched=True)], [make_task("/a")]) as agent:
        for _ in range(3):
            agent.step()

        assert agent.host.statistics.plugin("sched").up
    assert caplog.text.count("CONFIG_SCHED_DEBUG") == len(caplog.records) == 1
