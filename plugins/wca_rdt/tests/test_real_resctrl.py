"""The agent in a mounted resctrl: emulated in the normal run, the kernel's own in the virtual machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.wca_rdt.tests.resctrl.given import threads, write
from plugins.wca_rdt.tests.resctrl.mounts.interface import UNIT, ResctrlMount, Word
from plugins.wca_rdt.tests.resctrl.scene import Scene, held, missing, moved, pids, task_of
from tests.cgroups import first_line, real_cgroups_or_skip
from tests.measuring import SLEEPING

pytestmark = [pytest.mark.vm, pytest.mark.root]

TWO_THREADS = "import threading, time; threading.Thread(target=time.sleep, args=(1000,)).start(); print(1, flush=True)"


@pytest.fixture
def scene(resctrl: ResctrlMount) -> Iterator[Scene]:
    with real_cgroups_or_skip() as cgroups:
        yield Scene(resctrl, cgroups)


@pytest.fixture
def gold(resctrl: ResctrlMount) -> Path:
    """A control group that somebody else made."""
    path = resctrl.path / "gold"
    path.mkdir()
    return path


def test_occupancy_and_bandwidth_of_two_tasks_come_out(scene: Scene) -> None:
    a, b = scene.sleeping("a"), scene.sleeping("b")

    with scene.agent(a, b) as agent:
        agent.step()
        for cgroup, size in ((a, 3), (b, 5)):
            for domain in scene.mount.domains:
                scene.mount.set_occupancy(scene.name(cgroup), domain, size * UNIT)
                scene.mount.add_bandwidth(scene.name(cgroup), domain, 10 * size * UNIT, 6 * size * UNIT)
        found = agent.step()

    domains = len(scene.mount.domains)
    assert [held(found, cgroup) for cgroup in (a, b)] == [3 * domains * UNIT, 5 * domains * UNIT]
    assert [moved(found, cgroup) for cgroup in (a, b)] == [30 * domains * UNIT, 50 * domains * UNIT]
    assert found.value("task_mem_bandwidth_local_bytes", a.path) == 18 * domains * UNIT
    assert found.value("task_mem_bandwidth_remote_bytes", a.path) == 12 * domains * UNIT
    assert missing(found, a, b) == [0, 0]


def test_every_process_is_in_the_group_of_its_task(scene: Scene) -> None:
    a, b = scene.sleeping("a"), scene.sleeping("b")

    with scene.agent(a, b) as agent:
        agent.step()
        first = scene.members(a), scene.members(b)
        before = pids(a)
        first_line(a.run(*SLEEPING))
        agent.step()

        assert first == (before, pids(b))
        assert scene.members(a) == pids(a)
        assert len(pids(a)) == 2


def test_a_pod_is_one_group_with_all_threads_of_its_containers(scene: Scene) -> None:
    pod = scene.cgroups.make("pod")
    containers = [scene.cgroups.make(f"pod/{name}") for name in "abc"]
    for container in containers:
        first_line(container.run(sys.executable, "-I", "-S", "-c", TWO_THREADS))

    with scene.agent() as agent:
        agent.given.tasks = [task_of(pod, *containers)]
        agent.step()

        assert len(scene.members(pod)) == 6
        assert len(scene.groups()) == 1


def test_a_process_that_changes_its_task_changes_its_group(scene: Scene) -> None:
    a, b, elsewhere = scene.sleeping("a"), scene.sleeping("b"), scene.cgroups.make("c")
    first_line(a.run(*SLEEPING))
    one, two = sorted(pids(a))

    with scene.agent(a, b) as agent:
        agent.step()
        for directory in b.directories:
            write(directory / "cgroup.procs", str(one))
        for directory in elsewhere.directories:
            write(directory / "cgroup.procs", str(two))
        agent.step()

        assert scene.members(b) == pids(b) | {one}
        assert scene.members(a) == set()
        assert two in threads(scene.mount.path)


def test_a_task_whose_processes_have_ended_stays_and_fails_nothing(scene: Scene) -> None:
    a = scene.sleeping("a")

    with scene.agent(a) as agent:
        agent.step()
        a.end()
        found = agent.step()

    assert held(found, a) == 0
    assert found.value("task_measurement_errors", a.path, source="resctrl") == 0


@pytest.mark.parametrize("word", ["Unavailable", "Error"])
def test_a_word_in_the_place_of_a_number_keeps_the_last(scene: Scene, word: Word) -> None:
    a = scene.sleeping("a")
    with scene.agent(a) as agent:
        agent.step()
        for domain in scene.mount.domains:
            scene.mount.add_bandwidth(scene.name(a), domain, 4 * UNIT, 0)
        before = agent.step()
        scene.mount.set_word(scene.name(a), 0, word)
        scene.mount.add_bandwidth(scene.name(a), 1, 2 * UNIT, 0)
        scene.mount.set_occupancy(scene.name(a), 1, UNIT)
        found = agent.step()
        scene.mount.set_word(scene.name(a), 0, None)

    assert (moved(before, a), moved(found, a), held(found, a)) == (8 * UNIT, 10 * UNIT, UNIT)
    assert found.value("task_measurement_errors", a.path, source="resctrl") == (3 if word == "Error" else 0)


def test_a_counter_goes_on_after_somebody_removed_the_group(scene: Scene) -> None:
    a = scene.sleeping("a")
    with scene.agent(a) as agent:
        agent.step()
        scene.mount.add_bandwidth(scene.name(a), 0, 4 * UNIT, 0)
        agent.step()
        scene.group(a).rmdir()
        scene.mount.leave_limbo()
        agent.step()
        members = scene.members(a)
        scene.mount.add_bandwidth(scene.name(a), 0, 9 * UNIT, 0)
        found = agent.step()

    assert members == pids(a)
    assert moved(found, a) == (4 + 9) * UNIT


def test_a_task_is_measured_in_the_control_group_it_is_in(scene: Scene, gold: Path) -> None:
    a = scene.sleeping("a")
    for pid in pids(a):
        write(gold / "tasks", str(pid))

    with scene.agent(a) as agent:
        agent.step()

        assert scene.members(a, "gold") == pids(a)
        assert threads(gold) == pids(a)
    assert scene.groups() == {"gold"}


def test_a_task_that_somebody_moves_is_followed_and_counted_on(scene: Scene, gold: Path) -> None:
    a = scene.sleeping("a")
    with scene.agent(a) as agent:
        agent.step()
        scene.mount.add_bandwidth(scene.name(a), 0, 4 * UNIT, 0)
        agent.step()
        for pid in pids(a):
            write(gold / "tasks", str(pid))
        agent.step()
        members = scene.members(a, "gold")
        scene.mount.add_bandwidth(scene.name(a, "gold"), 0, 2 * UNIT, 0)
        found = agent.step()

    assert members == pids(a)
    assert moved(found, a) == 6 * UNIT


def test_a_group_that_somebody_moves_is_found_and_counted_on(scene: Scene, gold: Path) -> None:
    a = scene.sleeping("a")
    with scene.agent(a) as agent:
        agent.step()
        scene.mount.add_bandwidth(scene.name(a), 0, 4 * UNIT, 0)
        agent.step()
        scene.group(a).rename(scene.group(a, "gold"))
        scene.mount.add_bandwidth(scene.name(a, "gold"), 0, 2 * UNIT, 0)
        found = agent.step()

        assert moved(found, a) == 6 * UNIT
        assert scene.members(a, "gold") == pids(a)


def test_who_measures_the_same_thread_in_a_group_of_its_own_keeps_it_in_the_end(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    a = scene.sleeping("a")
    first_line(a.run(*SLEEPING))
    (foreign,) = scene.foreign(1)
    watched = min(pids(a))

    with scene.agent(a) as agent:
        agent.step()
        write(foreign / "tasks", str(watched))
        agent.step()
        once = scene.members(a)
        write(foreign / "tasks", str(watched))
        agent.step(3)

        assert once == pids(a)
        assert threads(foreign) == {watched}
        assert scene.members(a) == pids(a) - {watched}
    assert caplog.text.count("somebody else moves its threads") == 1


def test_a_thread_is_brought_in_again_however_often_its_group_is_removed(scene: Scene) -> None:
    a = scene.sleeping("a")
    found = []
    with scene.agent(a) as agent:
        agent.step()
        for _ in range(3):
            scene.group(a).rmdir()
            scene.mount.leave_limbo()
            agent.step()
            found.append(scene.members(a) == pids(a))

    assert found == [True] * 3


def test_a_single_stray_is_brought_back_once_and_not_again(
    scene: Scene, gold: Path, caplog: pytest.LogCaptureFixture
) -> None:
    a = scene.sleeping("a")
    for _ in range(2):
        first_line(a.run(*SLEEPING))
    stray = min(pids(a))

    with scene.agent(a) as agent:
        agent.step()
        write(gold / "tasks", str(stray))
        agent.step()
        once = scene.members(a)
        write(gold / "tasks", str(stray))
        agent.step(3)

        assert once == pids(a)
        assert threads(gold) == {stray}
        assert scene.members(a) == pids(a) - {stray}
    assert caplog.text.count("somebody else moves its threads") == 1
