"""Pressure of the machine and of tasks: the values, how containers are put together, and what may be missing."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from wca_core.agent import Step
from wca_core.builtin.pressure.metrics import Pressure
from wca_core.linux.files import OpenFiles
from wca_core.testing import GivenTasks, Machine, Measured, check_plugin, make_task, run_step, running

LINE = "{} avg10={:.2f} avg60={:.2f} avg300={:.2f} total={}\n"
ZERO = LINE.format("some", 0, 0, 0, 0) + LINE.format("full", 0, 0, 0, 0)


def text(total: int, *averages: float) -> str:
    """A file whose `full` is half of its `some`."""
    averages = averages or (1.44, 0.26, 0.05)
    return LINE.format("some", *averages, total) + LINE.format("full", *(one / 2 for one in averages), total // 2)


def machine_with(root: Path, resources: Sequence[str] = ("cpu", "memory", "io")) -> Machine:
    machine = Machine(root)
    for resource in resources:
        machine.file(f"/proc/pressure/{resource}", text(224848))
    return machine


def stall(step: Step, task: str = "/a", resource: str = "memory", kind: str = "some") -> float | None:
    wanted = {"task_id": task, "resource": resource, "kind": kind}
    samples = [one for one in step.samples if one.name == "task_pressure_stall_seconds"]
    found = [one.value for one in samples if wanted.items() <= one.labels.items()]
    return found[0] if found else None


def averages(step: Measured, name: str, resource: str, kind: str) -> list[float | None]:
    return [step.value(name, resource=resource, kind=kind, window=window) for window in ("10", "60", "300")]


def test_pressure_of_the_machine_is_measured(tmp_path: Path) -> None:
    step = run_step(machine_with(tmp_path), [Pressure()])

    assert averages(step, "platform_pressure_avg_percent", "io", "some") == [1.44, 0.26, 0.05]
    assert step.value("platform_pressure_stall_seconds", resource="io", kind="some") == 0.224848
    assert step.value("platform_pressure_stall_seconds", resource="io", kind="full") == 0.112424


def test_full_pressure_on_cpus_is_of_cgroups_only(tmp_path: Path) -> None:
    machine = machine_with(tmp_path).cgroup_v2("/a", {"cpu.pressure": text(8)})

    step = run_step(machine, [Pressure()], [make_task("/a")])

    assert step.value("platform_pressure_stall_seconds", resource="cpu", kind="some") == 0.224848
    assert step.value("platform_pressure_stall_seconds", resource="cpu", kind="full") is None
    assert step.value("task_pressure_stall_seconds", resource="cpu", kind="full") == 4e-6


def test_interrupts_press_on_all_or_nothing(tmp_path: Path) -> None:
    machine = machine_with(tmp_path).file("/proc/pressure/irq", LINE.format("full", 1, 2, 3, 4))

    step = run_step(machine, [Pressure()])

    assert step.value("platform_pressure_stall_seconds", resource="irq") == 4e-6


def test_pressure_of_tasks_is_measured(tmp_path: Path) -> None:
    files = {"cpu.pressure": text(2_000_000), "memory.pressure": ZERO, "irq.pressure": LINE.format("full", 1, 2, 3, 4)}
    machine = machine_with(tmp_path).cgroup_v2("/a", files)

    step = run_step(machine, [Pressure()], [make_task("/a")])

    assert averages(step, "task_pressure_avg_percent", "cpu", "some") == [1.44, 0.26, 0.05]
    assert averages(step, "task_pressure_avg_percent", "irq", "full") == [1, 2, 3]
    assert averages(step, "task_pressure_avg_percent", "io", "full") == [None, None, None]
    assert [stall(step.step, resource=resource) for resource in ("cpu", "memory", "io")] == [2.0, 0.0, None]


def test_everything_that_is_measured_is_described(tmp_path: Path) -> None:
    described = {metric.name for metric in check_plugin(Pressure())}

    step = run_step(machine_with(tmp_path).cgroup_v2("/a", {"io.pressure": ZERO}), [Pressure()], [make_task("/a")])

    assert {name for name in step.names if not name.startswith("wca_")} == described


def test_of_containers_shares_are_the_worst_and_times_are_summed(tmp_path: Path) -> None:
    machine = machine_with(tmp_path).cgroup_v2("/pod", {"io.pressure": text(9_000_000)})
    machine.cgroup_v2("/pod/a", {"io.pressure": text(1_000_000, 5, 1, 7)})
    machine.cgroup_v2("/pod/b", {"io.pressure": text(2_000_000, 3, 8, 2), "cpu.pressure": text(4_000_000)})

    step = run_step(machine, [Pressure()], [make_task("/pod", "/pod/a", "/pod/b")])

    assert averages(step, "task_pressure_avg_percent", "io", "some") == [5, 8, 7]
    assert stall(step.step, "/pod", "io") == 3.0
    assert stall(step.step, "/pod", "cpu") == 4.0


def steps_of(machine: Machine, rounds: Sequence[tuple[Sequence[str], dict[str, int | None]]]) -> list[float | None]:
    """The stall of a pod after each round: its containers, and the total of each cgroup (None: the file is gone)."""
    found = []
    with running(machine, [Pressure()], [make_task("/pod")]) as agent:
        node = agent._dispatcher.bindings[0].plugin
        assert isinstance(node, GivenTasks)
        for containers, totals in rounds:
            for path, total in totals.items():
                file = machine.root / f"sys/fs/cgroup{path}/memory.pressure"
                if total is None:
                    os.truncate(file, 0)
                else:
                    machine.cgroup_v2(path, {"memory.pressure": text(total * 1_000_000)})
            if [*node.tasks[0].subcgroups_paths] != [*containers]:
                node.tasks = [make_task("/pod", *containers)]
            found.append(stall(agent.step(), "/pod"))
    return found


def test_the_time_of_a_task_goes_on_when_containers_come_and_go(tmp_path: Path) -> None:
    rounds = [(["/a"], {"/a": 10}), (["/a"], {"/a": 20}), (["/b"], {"/b": 5}), (["/b"], {"/b": 8})]

    assert steps_of(machine_with(tmp_path), rounds) == [10, 20, 25, 28]


def test_the_time_of_a_task_goes_on_when_a_container_starts_anew(tmp_path: Path) -> None:
    assert steps_of(machine_with(tmp_path), [(["/a"], {"/a": 10}), (["/a"], {"/a": 4})]) == [10, 14]


def test_a_container_that_cannot_be_read_keeps_its_time(tmp_path: Path) -> None:
    rounds = [(["/a", "/b"], {"/a": 10, "/b": 1}), (["/a", "/b"], {"/a": None, "/b": 2}), (["/a", "/b"], {"/a": 11})]

    assert steps_of(machine_with(tmp_path), rounds) == [11, 12, 13]


def test_a_cgroup_made_anew_is_counted_beside_what_it_was(tmp_path: Path) -> None:
    machine = machine_with(tmp_path).cgroup_v2("/a", {"memory.pressure": text(3_000_000)})
    budget = OpenFiles(maximum=0)  # a real cgroup answers ENODEV; here each step opens the files again

    with running(machine.host(open_files=budget), [Pressure()], [make_task("/a")]) as agent:
        before = agent.step()
        (tmp_path / "sys/fs/cgroup/a").rename(tmp_path / "old")
        gone = agent.step()
        machine.cgroup_v2("/a", {"memory.pressure": text(4_000_000)})
        after = agent.step()

    assert [stall(step) for step in (before, gone, after)] == [3.0, None, 7.0]


def test_on_a_hybrid_host_tasks_are_looked_for_in_the_unified_tree(tmp_path: Path) -> None:
    machine = machine_with(tmp_path).cgroup_v1("/a", {"cpu": {}}).cgroup_v1("/b", {"cpu": {}})
    machine.cgroup_v2("/a", {"io.pressure": text(1_000_000)}, controllers="")

    step = run_step(machine, [Pressure()], [make_task("/a"), make_task("/b")])

    assert stall(step.step, "/a", "io") == 1.0
    assert stall(step.step, "/b", "io") is None


def test_on_cgroup_v1_only_the_machine_is_measured(tmp_path: Path) -> None:
    step = run_step(machine_with(tmp_path).cgroup_v1("/a", {"cpu": {}}), [Pressure()], [make_task("/a")])

    assert {name for name in step.names if "pressure" in name} == {
        "platform_pressure_avg_percent",
        "platform_pressure_stall_seconds",
    }


def test_psi_false_measures_nothing(tmp_path: Path) -> None:
    step = run_step(machine_with(tmp_path), [Pressure(psi=False)])

    assert not [name for name in step.names if "pressure" in name]


def test_a_kernel_without_pressure_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "wca.psi")
    with running(Machine(tmp_path).cgroup_v2("/a", {}), [Pressure()], [make_task("/a")]) as agent:
        for _ in range(3):
            agent.step()

        assert agent.host.statistics.plugin("psi").up
    assert [record.getMessage() for record in caplog.records if record.name == "wca.psi"] == [
        "the kernel tells of no pressure (CONFIG_PSI, boot parameter psi=1): "
        f"[Errno {errno.ENOENT}] No such file or directory: '{tmp_path}/proc/pressure/*'"
    ]


def test_a_malformed_file_costs_its_task_only_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    machine = machine_with(tmp_path).cgroup_v2("/a", {"io.pressure": "nonsense"}).cgroup_v2("/b", {"io.pressure": ZERO})

    with running(machine, [Pressure()], [make_task("/a"), make_task("/b")]) as agent:
        steps = [agent.step() for _ in range(2)]

    assert [(stall(step, "/a", "io"), stall(step, "/b", "io")) for step in steps] == [(None, 0.0)] * 2
    assert len([record for record in caplog.records if "nonsense" in record.getMessage()]) == 1


def test_files_stay_open_and_are_closed_at_the_end(tmp_path: Path) -> None:
    machine = machine_with(tmp_path).cgroup_v2("/a", {"io.pressure": ZERO, "cpu.pressure": ZERO})
    host = machine.host()

    with running(host, [Pressure()], [make_task("/a")]) as agent:
        agent.step()
        agent.step()
        assert host.open_files.count == 3 + 2
    assert host.open_files.count == 0


def test_nothing_is_made_anew_while_nothing_changes(tmp_path: Path) -> None:
    machine = machine_with(tmp_path).cgroup_v2("/a", {"io.pressure": ZERO})
    plugin, host, tasks = Pressure(), machine.host(), [make_task("/a")]

    first, second = (list(plugin.collect_metrics(tasks=tasks, host=host)) for _ in range(2))
    plugin.stop()

    assert first[0].series is second[0].series
    assert first[1] is second[1]
