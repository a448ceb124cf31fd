"""Pages are moved process by process, no longer than the budget allows, and what is left goes on later."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_numa.migration import Migration, Way
from wca_numa.process_memory import ProcessMemory, parse_memory

from wca_core.host import Host
from wca_core.testing import Machine, make_task

TO_1 = Way(frozenset({0}), 1, 1)
STATUS = "Name:\tsh\nVmRSS:\t    1000 kB\nHugetlbPages:\t       {huge} kB\n"


@dataclass
class Kernel:
    """Moves nothing, takes a second for it, and remembers what it was asked for."""

    machine: Machine
    answers: dict[int, int | OSError] = field(default_factory=dict)
    """By process: pages that stay, or why none moves."""
    calls: list[int] = field(default_factory=list)
    ways: set[tuple[frozenset[int], int, int]] = field(default_factory=set)

    def move(self, process: int, sources: Collection[int], target: int, highest: int) -> int:
        self.machine.clock.advance(1)
        self.calls.append(process)
        self.ways.add((frozenset(sources), target, highest))
        answer = self.answers.get(process, 0)
        if isinstance(answer, OSError):
            raise answer
        return answer


@dataclass
class Scene:
    """A machine with tasks, and one step after another."""

    machine: Machine
    migration: Migration
    kernel: Kernel

    def __post_init__(self) -> None:
        self.host: Host = self.machine.host()

    def task(self, name: str, *processes: int, huge: int = 0) -> None:
        self.machine.cgroup_v2(f"/{name}", {"cgroup.procs": "".join(f"{process}\n" for process in processes)})
        for process in processes:
            self.machine.file(f"/proc/{process}/status", STATUS.format(huge=huge))

    def step(self, *names: str, way: Way = TO_1) -> list[int]:
        """The processes that were moved when the pages of these tasks were to be."""
        self.host.processes.forget()
        self.kernel.calls.clear()
        turn = self.migration.round(f"/{name}" for name in names)
        for name in sorted(names):
            self.migration.move(make_task(f"/{name}"), way, self.host, turn)
        return list(self.kernel.calls)


def scene_of(folder: Path, budget: float = 5.0) -> Scene:
    machine = Machine(folder)
    kernel = Kernel(machine)
    return Scene(machine, Migration(budget, kernel.move), kernel)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return scene_of(tmp_path)


def refused(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def test_every_process_of_a_task_is_moved(scene: Scene) -> None:
    scene.task("a", 12, 10, 11)

    moved = scene.step("a", way=Way(frozenset({0, 3}), 1, 3))

    assert moved == [10, 11, 12]
    assert scene.kernel.ways == {(frozenset({0, 3}), 1, 3)}
    assert scene.migration.left == {}


def test_pages_that_stay_are_counted(scene: Scene) -> None:
    scene.task("a", 10, 11)
    scene.kernel.answers = {10: 7, 11: 2}

    scene.step("a")

    assert scene.migration.failed == 9


def test_what_the_budget_does_not_allow_is_left_for_the_next_steps(scene: Scene) -> None:
    scene.task("a", *range(10, 22))

    steps = [scene.step("a"), scene.step("a"), scene.step("a")]

    assert steps == [[10, 11, 12, 13, 14], [15, 16, 17, 18, 19], [20, 21]]
    assert scene.migration.left == {}


def test_the_budget_is_one_for_all_tasks_of_a_step(scene: Scene) -> None:
    scene.task("a", 10, 11, 12)
    scene.task("b", 20, 21, 22)

    first = scene.step("a", "b")

    assert first == [10, 11, 12, 20, 21]
    assert scene.migration.left == {"/b": 1}


def test_without_any_time_there_is_still_one_process_a_step(tmp_path: Path) -> None:
    scene = scene_of(tmp_path, budget=0)
    scene.task("a", 10, 11)

    assert [scene.step("a"), scene.step("a")] == [[10], [11]]


def test_a_task_that_is_wished_in_every_step_does_not_keep_others_waiting(scene: Scene) -> None:
    scene.task("a", *range(10, 16))
    scene.task("b", 20)

    steps = [scene.step("a", "b") for _ in range(3)]

    assert steps == [[10, 11, 12, 13, 14], [15, 20], [10, 11, 12, 13, 14]]


def test_nobody_begins_anew_before_those_had_their_turn_that_waited(scene: Scene) -> None:
    scene.task("a", 10)
    scene.task("b", *range(20, 26))

    steps = [scene.step("b"), scene.step("a", "b"), scene.step("a", "b")]

    assert steps == [[20, 21, 22, 23, 24], [25], [10, 20, 21, 22, 23]]


def test_processes_that_came_meanwhile_are_moved_too(scene: Scene) -> None:
    scene.task("a", *range(10, 16))
    scene.step("a")
    scene.task("a", 10, 15, 30)

    assert scene.step("a") == [15, 30]


def test_another_target_begins_anew(scene: Scene) -> None:
    scene.task("a", *range(10, 16))
    scene.step("a")

    assert scene.step("a", way=Way(frozenset({1}), 0, 1)) == [10, 11, 12, 13, 14]
    assert scene.migration.left == {"/a": 0}


def test_processes_that_ended_are_no_error(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.task("a", 10, 11, 12)
    scene.kernel.answers = {10: refused(errno.ESRCH), 11: refused(errno.EINVAL)}
    (scene.machine.root / "proc/11/status").unlink()

    moved = scene.step("a")

    assert moved == [10, 11, 12]
    assert (dict(scene.migration.errors), caplog.records) == ({}, [])


def test_a_refused_process_is_counted_and_told_once_a_task(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.task("a", 10, 11, 12)
    scene.task("b", 20)
    scene.kernel.answers = {number: refused(errno.EPERM) for number in (10, 11, 20)}

    moved = [scene.step("a", "b"), scene.step("a", "b")]

    assert moved == [[10, 11, 12, 20]] * 2
    assert scene.migration.errors == {"EPERM": 6}
    assert [record.message.partition(": ")[0] for record in caplog.records] == ["task /a", "task /b"]
    assert "CAP_SYS_NICE" in caplog.text


def test_a_node_that_the_agent_may_not_use_is_told(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.task("a", 10)
    scene.kernel.answers = {10: refused(errno.EINVAL)}

    scene.step("a")

    assert scene.migration.errors == {"EINVAL": 1}
    assert "the agent's own cgroup may not use that node" in caplog.text


def test_a_task_that_is_gone_is_no_error(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.task("a", *range(10, 16))
    scene.step("a")
    (scene.machine.root / "sys/fs/cgroup/a/cgroup.procs").unlink()

    moved = scene.step("a")

    assert (moved, scene.migration.left, caplog.records) == ([], {}, [])


def test_what_is_left_of_a_task_that_is_gone_is_forgotten(scene: Scene) -> None:
    scene.task("a", *range(10, 16))
    scene.step("a")

    scene.migration.forget_all_but({"/b"})

    assert scene.migration.left == {}


@pytest.mark.parametrize(("huge", "is_told"), [(111, False), (112, True)], ids=["a tenth", "more"])
def test_a_task_of_many_huge_pages_is_told(
    scene: Scene, caplog: pytest.LogCaptureFixture, huge: int, is_told: bool
) -> None:
    scene.task("a", 10, huge=huge)

    scene.step("a")
    scene.step("a")

    assert caplog.text.count("in huge pages, which may stay where they are") == is_told


def test_memory_of_a_process_is_read_from_its_status() -> None:
    assert parse_memory(STATUS.format(huge=2048).encode()) == ProcessMemory(1_024_000, 2_097_152)
    assert parse_memory(b"VmRSS:\t   4 kB\n") == ProcessMemory(4096, 0)
    assert parse_memory(b"Name:\tkthreadd\n") is None


def test_the_memory_of_this_process_is_as_the_kernel_counts_it_elsewhere() -> None:
    memory = parse_memory(Path("/proc/self/status").read_bytes())

    pages = int(Path("/proc/self/statm").read_text().split()[1])
    assert memory is not None
    assert memory.resident == pytest.approx(pages * os.sysconf("SC_PAGE_SIZE"), rel=0.1)


@given(st.binary(max_size=200))
def test_any_status_can_be_read(status: bytes) -> None:
    memory = parse_memory(status)

    assert memory is None or min(memory.resident, memory.huge) >= 0


@given(
    sizes=st.lists(st.integers(0, 7), min_size=1, max_size=4),
    wished=st.lists(st.sets(st.integers(0, 3), min_size=1), min_size=1, max_size=6),
    budget=st.integers(0, 4),
)
def test_every_process_has_its_turn_and_no_step_takes_longer_than_allowed(
    tmp_path_factory: pytest.TempPathFactory, sizes: Sequence[int], wished: Sequence[set[int]], budget: int
) -> None:
    """However tasks are wished, what is left is wished on, as the allocator does."""
    scene = scene_of(tmp_path_factory.mktemp("machine"), budget)
    for number, size in enumerate(sizes):
        scene.task(str(number), *range(100 * (number + 1), 100 * (number + 1) + size))
    expected = {
        100 * (number + 1) + process
        for numbers in wished
        for number in numbers
        if number < len(sizes)
        for process in range(sizes[number])
    }

    steps: list[list[int]] = []
    for numbers in [*wished, *[set() for _ in range(40)]]:
        names = {str(number) for number in numbers if number < len(sizes)}
        steps.append(scene.step(*names | {left.strip("/") for left in scene.migration.left}))

    assert {process for step in steps for process in step} == expected
    assert max(map(len, steps)) <= max(1, budget)
    assert scene.migration.left == {}
