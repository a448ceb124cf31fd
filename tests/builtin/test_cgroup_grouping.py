"""Tasks that are read in groups: whatever comes, goes and changes, each is told once and as its files say."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from wca_core.agent import Step
from wca_core.builtin.cgroup.grouping import SMALL
from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.builtin.cgroup.task_usage import YOUNG
from wca_core.linux.files import OpenFiles
from wca_core.model.task import Task
from wca_core.testing import GivenTasks, Machine, Measured, make_task, running

GROUPED = YOUNG + 3
"""Steps after which tasks that lack a file, as all here do, are in a group."""
USAGE, MEMORY, HIGHEST = "task_cpu_usage_seconds", "task_mem_usage_bytes", "task_mem_max_usage_bytes"


def cgroup(machine: Machine, path: str, seconds: int = 1, memory: int = 100) -> None:
    """Without `memory.peak`, as before kernel 5.19: then a group has readers that remember."""
    stat = f"usage_usec {seconds}000000\nuser_usec 0\nsystem_usec 0\n"
    machine.cgroup_v2(path, {"cpu.stat": stat, "memory.current": f"{memory}\n"})


def repeated(step: Step) -> list[str]:
    """Series that stand in a step more than once."""
    counted = Counter((one.name, tuple(sorted(one.labels.items()))) for one in step.samples)
    return [f"{name}{labels}" for (name, labels), count in counted.items() if count > 1]


def collector() -> CgroupMetrics:
    return CgroupMetrics(metrics=[USAGE, MEMORY, HIGHEST])


def test_tasks_that_come_later_are_told_once_from_then_on(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    for name in "abcd":
        cgroup(machine, f"/{name}")
    every = [make_task(f"/{name}") for name in "abcd"]

    given = GivenTasks()

    with running(machine, [given, collector()]) as agent:
        steps = []
        for count in (*[2] * GROUPED, *[3] * GROUPED, *[4] * GROUPED):
            given.tasks = every[:count]
            steps.append(agent.step())

    assert [repeated(step) for step in steps] == [[]] * len(steps)
    assert len(Measured(steps[-1], agent.host.statistics).values(USAGE)) == 4


def test_a_group_that_is_half_full_takes_nobody_in_and_others_are_joined(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    tasks = [make_task(f"/t{number}") for number in range(3 * SMALL)]
    for task in tasks:
        cgroup(machine, task.cgroup_path)
    given, plugin = GivenTasks(), collector()

    with running(machine, [given, plugin]) as agent:
        for count in (SMALL, SMALL + 1, SMALL + 2, 3 * SMALL):
            given.tasks = tasks[:count]
            for _ in range(GROUPED):
                step = agent.step()

    sizes = sorted(len(group.members) for group in plugin._grouping._groups)
    assert sum(sizes) == 3 * SMALL
    assert sizes[0] >= SMALL
    assert repeated(step) == []


def test_a_cgroup_whose_files_are_not_kept_open_counts_on_when_it_is_made_anew_under_its_name(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    cgroup(machine, "/a", seconds=5)
    host = machine.host(open_files=OpenFiles(0))

    with running(host, [collector()], [make_task("/a")]) as agent:
        first = [Measured(agent.step(), host.statistics).value(USAGE) for _ in range(3)]
        shutil.move(tmp_path / "sys/fs/cgroup/a", tmp_path / "away")
        cgroup(machine, "/a", seconds=7)  # higher than before, so only the directory tells
        second = [Measured(agent.step(), host.statistics).value(USAGE) for _ in range(2)]

    assert (first, second) == ([5, 5, 5], [12, 12])


def test_files_that_did_not_fit_into_the_budget_are_kept_open_once_there_is_room(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    tasks = [make_task(f"/{name}") for name in "ab"]
    for task in tasks:
        cgroup(machine, task.cgroup_path)
    host = machine.host(open_files=OpenFiles(3))

    given = GivenTasks(tasks=tasks)

    with running(host, [given, collector()]) as agent:
        agent.step()
        before = host.open_files.count
        given.tasks = tasks[1:]
        for _ in range(70):
            step = agent.step()

        assert (before, host.open_files.count) == (3, 3)
        assert Measured(step, host.statistics).values(USAGE) == {"/b": 1}


NAMES = st.sampled_from("abcdef")
EVENTS = st.lists(
    st.tuples(st.sampled_from(["come", "go", "work", "vanish", "relabel", "fall"]), NAMES, st.integers(0, 9)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_whatever_happens_every_task_with_a_cgroup_is_told_once_and_its_counters_never_fall(
    events: list[tuple[str, str, int]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        machine, given = Machine(Path(folder)), GivenTasks()
        tasks, counted, highest = dict[str, Task](), Counter[str](), Counter[str]()
        machine.cgroup_v2("/", {})
        with running(machine, [given, collector()]) as agent:
            for event, name, number in events:
                path = f"/{name}"
                if event == "come":
                    tasks[path] = tasks.get(path) or make_task(path)
                    counted[path] = max(counted[path], 1)
                    cgroup(machine, path, counted[path])
                elif event == "go":
                    tasks.pop(path, None)
                    counted.pop(path, None)
                    highest.pop(path, None)
                elif event == "vanish":
                    shutil.rmtree(Path(folder, "sys/fs/cgroup", name), ignore_errors=True)
                elif event == "relabel" and path in tasks:
                    tasks[path] = make_task(path, labels={"n": str(number)})
                elif event in ("work", "fall") and Path(folder, "sys/fs/cgroup", name, "cpu.stat").exists():
                    counted[path] = counted[path] + number if event == "work" else number
                    cgroup(machine, path, counted[path], 100 + number)
                given.tasks = list(tasks.values())
                for _ in range(GROUPED):
                    step = agent.step()

                    told = Measured(step, agent.host.statistics)
                    assert repeated(step) == []
                    there = {path for path in tasks if Path(folder, f"sys/fs/cgroup{path}", "cpu.stat").exists()}
                    assert told.values(USAGE).keys() >= there
                    for task, seconds in told.values(USAGE).items():
                        assert seconds >= max(counted[task], highest[task])
                        highest[task] = seconds
                    for task, peak in told.values(HIGHEST).items():
                        assert peak >= told.values(MEMORY)[task]
