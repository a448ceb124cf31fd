"""Groups of others, of earlier runs, of tasks that are gone: emulated in the normal run, the kernel's in the guest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.wca_rdt.tests.resctrl.given import threads, write
from plugins.wca_rdt.tests.resctrl.mounts.interface import UNIT, ResctrlMount
from plugins.wca_rdt.tests.resctrl.scene import Scene, moved, pids
from tests.cgroups import real_cgroups_or_skip

pytestmark = [pytest.mark.vm, pytest.mark.root]


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


def test_of_two_groups_of_one_task_the_one_with_its_threads_is_kept(scene: Scene, gold: Path) -> None:
    a = scene.sleeping("a")
    for path in (scene.group(a), scene.group(a, "gold")):
        path.mkdir()
    for pid in pids(a):
        write(gold / "tasks", str(pid))
        write(scene.group(a, "gold") / "tasks", str(pid))

    with scene.agent(a) as agent:
        agent.step()

        assert scene.members(a, "gold") == pids(a)
        assert not scene.group(a).exists()


def test_groups_of_others_are_not_touched(scene: Scene, gold: Path) -> None:
    a, other = scene.sleeping("a"), scene.sleeping("other")
    foreign = [*scene.foreign(2), *scene.foreign(1, "gold")]
    for place in (gold, foreign[2]):
        write(place / "tasks", str(*pids(other)))

    with scene.agent(a) as agent:
        agent.step(3)

    assert scene.groups() == {"gold", "mon_groups/foreign-0", "mon_groups/foreign-1", "gold/mon_groups/foreign-0"}
    assert threads(foreign[2]) == pids(other)


def test_groups_of_others_without_threads_are_removed_if_that_is_wanted(scene: Scene, gold: Path) -> None:
    a, other = scene.sleeping("a"), scene.sleeping("other")
    foreign = scene.foreign(2)
    write(foreign[0] / "tasks", str(*pids(other)))

    with scene.agent(a, resctrl_remove_foreign_groups=True) as agent:
        agent.step(2)

    assert [path.is_dir() for path in (*foreign, gold)] == [True, False, False]


def test_the_group_of_a_task_goes_with_it(scene: Scene) -> None:
    a, b = scene.sleeping("a"), scene.sleeping("b")
    with scene.agent(a, b) as agent:
        agent.step()
        agent.given.tasks = agent.given.tasks[:1]
        agent.step()

        assert [scene.group(cgroup).exists() for cgroup in (a, b)] == [True, False]


def test_at_the_end_all_groups_are_removed(scene: Scene) -> None:
    a = scene.sleeping("a")
    with scene.agent(a) as agent:
        agent.step()

    assert not scene.group(a).exists()


def test_groups_that_stay_are_counted_on_by_the_next_run(scene: Scene) -> None:
    a = scene.sleeping("a")
    with scene.agent(a, cleanup_on_exit=False) as agent:
        agent.step()
    scene.mount.add_bandwidth(scene.name(a), 0, 4 * UNIT, 0)

    with scene.agent(a) as agent:
        found = agent.step()

    assert moved(found, a) == 4 * UNIT


def test_what_a_run_left_behind_is_removed_by_the_next_once_it_is_empty(scene: Scene) -> None:
    a, b, c = (scene.sleeping(name) for name in "abc")
    with scene.agent(a, b, c, cleanup_on_exit=False) as agent:
        agent.step()
    if not scene.group(a).stat().st_mode & 0o1000:
        pytest.skip("this resctrl does not keep the mark of a directory")
    a.end()

    with scene.agent(c) as agent:
        agent.step()

        assert [scene.group(cgroup).exists() for cgroup in (a, b, c)] == [False, True, True]
