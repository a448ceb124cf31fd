"""StaticNode and LocalNode: which cgroups of a machine are tasks."""

from pathlib import Path

import pytest

from wca_core.builtin.local.node import LocalNode
from wca_core.builtin.static_node import StaticNode
from wca_core.errors import ConfigurationError
from wca_core.model.task import Task
from wca_core.testing import Machine, running

V1 = {"cpu": {"cgroup.procs": "1\n"}, "cpuacct": {"cgroup.procs": "1\n"}, "memory": {"cgroup.procs": "1\n"}}


def found(machine: Machine, node: StaticNode | LocalNode) -> list[str]:
    return [task.task_id for task in node.discover_tasks(machine.host())]


@pytest.mark.parametrize("missing", ["cpu", "cpuacct", "memory"])
def test_on_v1_a_task_is_in_the_trees_of_all_three_controllers(tmp_path: Path, missing: str) -> None:
    machine = Machine(tmp_path).cgroup_v1("/a", V1)
    machine.cgroup_v1("/b", {name: files for name, files in V1.items() if name != missing})

    assert found(machine, StaticNode(tasks=["a", "b"])) == ["a"]


@pytest.mark.parametrize(
    ("controllers", "tasks"), [("", []), ("cpu", []), ("memory", []), ("io pids", []), ("pids cpu memory", ["a"])]
)
def test_on_v2_a_task_has_cpu_and_memory(tmp_path: Path, controllers: str, tasks: list[str]) -> None:
    machine = Machine(tmp_path).cgroup_v2("/a", {})
    machine.file("/sys/fs/cgroup/cgroup.subtree_control", controllers)

    assert found(machine, StaticNode(tasks=["a", "gone"])) == tasks


def test_a_task_without_a_process_is_passed_over_on_demand(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/full", {"cgroup.procs": "7\n"}).cgroup_v2("/empty", {"cgroup.procs": ""})

    assert found(machine, StaticNode(tasks=["full", "empty"], require_pids=True)) == ["full"]
    assert found(machine, StaticNode(tasks=["full", "empty"])) == ["full", "empty"]


def test_labels_of_one_task_stand_over_the_default_ones(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/a", {}).cgroup_v2("/b", {})
    node = StaticNode(tasks=["a", "/b"], default_labels={"x": "0", "y": "0"}, tasks_labels={"a": {"x": "1"}})

    tasks: list[Task] = list(node.discover_tasks(machine.host()))

    assert [task.labels for task in tasks] == [{"x": "1", "y": "0"}, {"x": "0", "y": "0"}]
    assert [task.cgroup_path for task in tasks] == ["/a", "/b"]


def test_every_directory_of_a_cgroup_is_a_task_and_may_come_and_go(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/pods/a", {})
    node = StaticNode(tasks=[], directory="/pods")
    seen = []

    with running(machine, [node]) as agent:
        for name in ("a", "b", "c"):
            machine.cgroup_v2(f"/pods/{name}", {})
            seen.append([task.task_id for task in agent.step().tasks])

    assert seen == [["/pods/a"], ["/pods/a", "/pods/b"], ["/pods/a", "/pods/b", "/pods/c"]]


@pytest.mark.parametrize("path", ["..", "a/../b", "", "/"])
def test_a_path_that_leads_elsewhere_is_a_configuration_error(path: str) -> None:
    with pytest.raises(ConfigurationError, match="is no path of a cgroup"):
        StaticNode(tasks=[path])


def test_the_tasks_of_this_host_are_the_cgroups_with_processes(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/a/inner", {"cgroup.procs": "7\n"}).cgroup_v2("/a", {"cgroup.procs": ""})
    machine.cgroup_v2("/b", {"cgroup.procs": "8\n9\n"})

    assert found(machine, LocalNode()) == ["a/inner", "b"]


def test_where_all_processes_are_in_the_root_it_is_the_one_task(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/a", {"cgroup.procs": ""})

    assert found(machine, LocalNode()) == ["host"]


def test_there_are_not_more_tasks_than_allowed(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    for number in range(5):
        machine.cgroup_v2(f"/{number}", {"cgroup.procs": "7\n"})

    assert len(found(machine, LocalNode(max_tasks=3))) == 3


def test_a_node_that_cannot_find_the_cgroups_fails_and_the_agent_goes_on(tmp_path: Path) -> None:
    with running(Machine(tmp_path), [LocalNode()]) as agent:
        step = agent.step()

    assert step.tasks == ()
    assert agent.host.statistics.plugin("local").errors == {"discover_tasks": 1}
