"""Software events of real cgroups: the kernel's own, on whatever machine this is."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from wca_rdt.perf.metrics import Perf
from wca_rdt.perf.sweep import ROUNDS

from plugins.wca_rdt.tests.perf.given import counted_cgroups, has_agreed, is_asleep, perf_files, spinning, used_seconds
from tests.cgroups import Cgroup, Cgroups, wait_until
from wca_core.agent import Agent
from wca_core.host import Host
from wca_core.model.statistics import Statistics
from wca_core.model.task import Task
from wca_core.testing import GivenTasks, Machine, Measured, make_task, running

CLOCK = "task_task_clock_seconds"
SWITCHES = "task_context_switches"
FAULTS = "task_page_faults"
EVENTS = (CLOCK, SWITCHES, FAULTS)


@pytest.fixture
def cgroups() -> Iterator[Cgroups]:
    with counted_cgroups() as made:
        yield made


def perf(*names: str, **fields: object) -> Perf:
    return Perf(event_names=list(names or EVENTS), **fields)  # type: ignore[arg-type]


def step(agent: Agent) -> Measured:
    return Measured(agent.step(), Statistics())


def value(found: Measured) -> float:
    """The clock of the only task."""
    number = found.value(CLOCK)
    assert isinstance(number, int | float)
    return float(number)


def tasks_of(*cgroups: Cgroup) -> list[Task]:
    return [make_task(cgroup.path) for cgroup in cgroups]


def test_the_clock_of_a_task_is_the_time_that_its_cgroup_used(cgroups: Cgroups) -> None:
    busy = cgroups.make("busy")
    with running(Host(), [perf()], tasks_of(busy)) as agent:
        step(agent)
        known = [0.0]

        def of_one_round() -> tuple[float, float]:
            before = used_seconds(busy)
            spinning(busy, 1.0)
            used = used_seconds(busy) - before
            known.append(value(step(agent)))
            assert used >= 1.0
            return known[-1] - known[-2], used

        assert has_agreed(of_one_round, within=0.05)
        found = step(agent)

    assert all(found.value(name) for name in (SWITCHES, FAULTS))
    assert found.value("task_scaling_factor_max") == 1.0


def test_a_cgroup_that_sleeps_and_the_neighbour_of_a_busy_one_count_nothing(cgroups: Cgroups) -> None:
    asleep, busy = cgroups.make("asleep"), cgroups.make("busy")
    sleeper = asleep.run("sleep", "1000")
    wait_until(lambda: is_asleep(sleeper.pid), "it does not sleep")
    with running(Host(), [perf(CLOCK)], tasks_of(asleep, busy)) as agent:
        first = step(agent)
        spinning(busy, 0.3)
        second = step(agent)

    before, after = first.values(CLOCK), second.values(CLOCK)
    assert after[asleep.path] == before[asleep.path]
    assert after[busy.path] > before[busy.path]


def test_what_runs_in_a_descendant_counts_for_the_task(cgroups: Cgroups) -> None:
    outer, inner = cgroups.make("outer"), cgroups.make("outer/inner")
    with running(Host(), [perf(CLOCK)], tasks_of(outer)) as agent:
        step(agent)
        spinning(inner, 0.3)

        assert value(step(agent)) > 0.25


def test_containers_are_added_up_and_one_that_leaves_stays_counted(cgroups: Cgroups) -> None:
    one, two = cgroups.make("pod/one"), cgroups.make("pod/two")
    pod = cgroups.make("pod")
    node = GivenTasks(tasks=[make_task(pod.path, one.path, two.path)])
    with running(Host(), [node, perf(CLOCK)]) as agent:
        step(agent)
        known = [(0.0, used_seconds(one) + used_seconds(two))]

        def of_one_round() -> tuple[float, float]:
            spinning(one, 0.3)
            spinning(two, 0.3)
            known.append((value(step(agent)), used_seconds(one) + used_seconds(two)))
            return known[-1][0] - known[-2][0], known[-1][1] - known[-2][1]

        assert has_agreed(of_one_round, within=0.05)
        both = value(step(agent))
        held = perf_files()
        node.tasks = [make_task(pod.path, two.path)]
        without = step(agent).value(CLOCK)

        assert without == pytest.approx(both, rel=0.01)
        assert perf_files() == held // 2


def test_each_cpu_is_told_by_itself_if_that_is_wanted(cgroups: Cgroups) -> None:
    busy = cgroups.make("busy")
    cpu = min(os.sched_getaffinity(0))
    with running(Host(), [perf(CLOCK, perf_aggregate_cpus=False)], tasks_of(busy)) as agent:
        step(agent)
        known = [(0.0, used_seconds(busy))]

        def of_one_round() -> tuple[float, float]:
            spinning(busy, 0.3, cpu)
            known.append((by_cpu(step(agent))[str(cpu)], used_seconds(busy)))
            return known[-1][0] - known[-2][0], known[-1][1] - known[-2][1]

        assert has_agreed(of_one_round, within=0.1)
        found = step(agent)

    assert by_cpu(found).keys() == {str(one) for one in Host().platform.online_cpus}
    assert {sample.labels["cpu"] for sample in found.samples("task_scaling_factor_avg")} == by_cpu(found).keys()


def by_cpu(found: Measured) -> dict[str, float]:
    return {sample.labels["cpu"]: float(sample.value) for sample in found.samples(CLOCK)}


def test_counters_of_a_task_that_ended_are_closed(cgroups: Cgroups) -> None:
    one, two = cgroups.make("one"), cgroups.make("two")
    node = GivenTasks(tasks=tasks_of(one, two))
    with running(Host(), [node, perf()]) as agent:
        both = (step(agent).value("wca_perf_fds"), perf_files())
        node.tasks = tasks_of(two)
        left = (step(agent).value("wca_perf_fds"), perf_files())

    cpus = len(Host().platform.online_cpus)
    assert both == (2 * (1 + 3 * cpus), 2 * 3 * cpus)
    assert left == (1 + 3 * cpus, 3 * cpus)
    assert perf_files() == 0


def test_churn_leaves_nothing_open(cgroups: Cgroups) -> None:
    node = GivenTasks()
    with running(Host(), [node, perf(CLOCK)]) as agent:
        step(agent)
        before = len(os.listdir("/proc/self/fd"))
        for number in range(30):
            cgroup = cgroups.make(f"churn{number}")
            node.tasks = tasks_of(cgroup)
            step(agent)
            if number % 2:
                cgroup.remove()  # before the list of tasks knows
                step(agent)
        node.tasks = []
        step(agent)

        assert len(os.listdir("/proc/self/fd")) == before


def test_a_cgroup_made_anew_under_its_name_is_found_and_nothing_falls(cgroups: Cgroups) -> None:
    busy = cgroups.make("busy")
    with running(Host(), [perf(CLOCK)], tasks_of(busy)) as agent:
        step(agent)
        known = [0.0]

        def of_one_round() -> tuple[float, float]:
            spinning(busy, 0.2)
            before = value(step(agent))
            busy.remove()
            busy.make()
            for _ in range(ROUNDS):
                between = step(agent).value(CLOCK)
                assert between is None or between >= before  # type: ignore[operator]
            spinning(busy, 0.2)
            known.append(value(step(agent)))
            assert before >= known[-2] + 0.15
            return known[-1], before + used_seconds(busy)

        assert has_agreed(of_one_round, within=0.1)


def test_a_task_whose_cgroup_does_not_exist_yields_nothing_and_is_tried_again(cgroups: Cgroups) -> None:
    late = cgroups.make("late")
    late.remove()
    with running(Host(), [perf(CLOCK)], tasks_of(late)) as agent:
        missing = step(agent).value(CLOCK)
        late.make()
        found = step(agent).value(CLOCK)

    assert (missing, found) == (None, 0.0)


def test_cpus_come_and_go_and_what_was_counted_stays(cgroups: Cgroups, tmp_path: Path) -> None:
    cpus = sorted(os.sched_getaffinity(0))[:2]
    if len(cpus) < 2:
        pytest.skip("one CPU only")
    first, second = cpus
    busy = cgroups.make("busy")
    machine = Machine(tmp_path).cgroup_v2("/none", {}).cpus({0: {0: [first], 1: [second]}})
    with running(with_real_cgroups(machine, cgroups), [perf(CLOCK)], tasks_of(busy)) as agent:
        step(agent)
        spinning(busy, 0.3, second)
        with_both = step(agent).value(CLOCK)
        machine.file("/sys/devices/system/cpu/online", f"{first}\n")
        with_one = step(agent)
        spinning(busy, 0.2, second)
        unseen = step(agent).value(CLOCK)
        machine.file("/sys/devices/system/cpu/online", f"{first},{second}\n")
        again = step(agent).value("wca_perf_fds")

    assert with_both > 0  # type: ignore[operator]
    kept = with_one.value(CLOCK)
    assert with_both <= kept < with_both + 0.05, "the end of a process is counted after it was waited for"  # type: ignore[operator]
    assert with_one.value("wca_perf_fds") == 2
    assert kept <= unseen < kept + 0.05, "only what starts the program may run elsewhere"  # type: ignore[operator]
    assert again == 3


def with_real_cgroups(machine: Machine, cgroups: Cgroups) -> Machine:
    """The machine with the real unified tree."""
    tree = machine.root / "sys/fs/cgroup"
    tree.rename(tree.with_name("unused"))
    tree.symlink_to(cgroups.trees.directories["unified"])
    return machine


def test_some_cpus_are_counted_if_only_those_are_wanted(cgroups: Cgroups) -> None:
    busy = cgroups.make("busy")
    cpu = min(os.sched_getaffinity(0))
    with running(Host(), [perf(perf_cpus=cpu)], tasks_of(busy)) as agent:
        assert step(agent).value("wca_perf_fds") == 1 + 3


OUT_OF_DESCRIPTORS = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (400, 400))
from wca_core.host import Host
from wca_core.linux.files import OpenFiles
from wca_core.testing import Measured, make_task, running
from wca_core.model.statistics import Statistics
from wca_rdt.perf.metrics import Perf
tasks = [make_task(path) for path in sys.argv[1:]]
plugin = Perf(event_names=["task_task_clock_seconds", "task_context_switches", "task_page_faults"])
with running(Host(open_files=OpenFiles(100)), [plugin], tasks) as agent:
    for _ in range(2):
        found = Measured(agent.step(), Statistics())
print(len(found.samples("task_task_clock_seconds")), len(found.samples("task_measurement_errors")))
"""


def test_without_room_for_files_some_tasks_are_not_counted_and_nothing_else_suffers(cgroups: Cgroups) -> None:
    many = [cgroups.make(f"t{number}") for number in range(20)]
    of_each = 1 + 3 * len(Host().platform.online_cpus)
    command = [sys.executable, "-c", OUT_OF_DESCRIPTORS, *(one.path for one in many)]

    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    counted, tried = map(int, ended.stdout.split())
    room = 400 - 256 - 100
    assert counted == min(20, room // of_each), ended.stderr
    assert tried == 20
    assert "perf disabled for task" in ended.stderr
    assert f"needs {of_each} file descriptors, limit 400" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_limit_that_is_reached_all_the_same_costs_the_task_only(cgroups: Cgroups) -> None:
    """Somebody else used up what was kept free."""
    one = cgroups.make("one")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with running(Host(), [perf(CLOCK)], tasks_of(one)) as agent:
        taken = [os.open("/dev/null", os.O_RDONLY)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + 2, hard))
        try:
            refused = step(agent).value(CLOCK)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            os.close(taken[0])
        found = [step(agent).value(CLOCK) for _ in range(ROUNDS)]

    assert refused is None
    assert found[-1] == 0.0
