"""What the whole machine moved and holds: emulated in the normal run, the kernel's own in the virtual machine."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from plugins.wca_rdt.tests.resctrl.given import write
from plugins.wca_rdt.tests.resctrl.mounts.interface import UNIT, ResctrlMount
from plugins.wca_rdt.tests.resctrl.scene import Scene, pids
from tests.cgroups import real_cgroups_or_skip
from wca_core.testing import Measured

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


def test_the_machine_is_the_sum_of_all(scene: Scene, gold: Path) -> None:
    a = scene.sleeping("a")
    with scene.agent(a) as agent:
        before = agent.step()
        scene.mount.add_bandwidth(scene.name(a), 0, 4 * UNIT, 0)
        scene.mount.add_bandwidth("gold", 0, 7 * UNIT, 0)
        scene.mount.set_occupancy("gold", 0, 2 * UNIT)
        found = agent.step()

    name = "platform_mem_bandwidth_bytes"
    assert found.value(name, l3_domain="0") - before.value(name, l3_domain="0") == 11 * UNIT  # type: ignore[operator]
    assert found.value("platform_llc_occupancy_bytes", l3_domain="0") == 2 * UNIT
    assert found.value("platform_resctrl_mon_groups") == 3
    assert found.value("platform_resctrl_num_rmids") == scene.mount.rmids


def moved_by_all(found: Measured) -> int:
    value = found.value("platform_mem_bandwidth_bytes", l3_domain="0")
    assert isinstance(value, int)
    return value


def test_the_machine_does_not_count_again_what_is_left_when_a_task_ends(scene: Scene) -> None:
    a, b = scene.sleeping("a"), scene.sleeping("b")
    with scene.agent(a, b) as agent:
        agent.step()
        scene.mount.add_bandwidth(scene.name(a), 0, 100 * UNIT, 0)
        scene.mount.add_bandwidth(scene.name(b), 0, 70 * UNIT, 0)
        before = agent.step()
        scene.mount.add_bandwidth(scene.name(a), 0, 3 * UNIT, 0)
        scene.mount.add_bandwidth(scene.name(b), 0, 2 * UNIT, 0)
        agent.given.tasks = agent.given.tasks[1:]
        found = agent.step()
        again = agent.step()

    assert moved_by_all(found) - moved_by_all(before) == 5 * UNIT
    assert moved_by_all(again) == moved_by_all(found)


def test_the_machine_does_not_count_again_what_is_left_when_somebody_removes_a_group(scene: Scene) -> None:
    a, b = scene.sleeping("a"), scene.sleeping("b")
    with scene.agent(a, b) as agent:
        agent.step()
        scene.mount.add_bandwidth(scene.name(a), 0, 100 * UNIT, 0)
        scene.mount.add_bandwidth(scene.name(b), 0, 70 * UNIT, 0)
        before = agent.step()
        scene.group(a).rmdir()
        after = agent.step()
        scene.mount.add_bandwidth(scene.name(b), 0, 2 * UNIT, 0)
        found = agent.step()

    assert moved_by_all(after) == moved_by_all(before)
    assert moved_by_all(found) - moved_by_all(after) == 2 * UNIT


def test_the_machine_does_not_count_again_what_changes_its_control_group(scene: Scene, gold: Path) -> None:
    a = scene.sleeping("a")
    with scene.agent(a) as agent:
        agent.step()
        scene.mount.add_bandwidth(scene.name(a), 0, 100 * UNIT, 0)
        before = agent.step()
        for pid in pids(a):
            write(gold / "tasks", str(pid))
        scene.mount.add_bandwidth(scene.name(a), 0, 4 * UNIT, 0)
        found = agent.step()
        gold.rmdir()
        without = agent.step(2)

    assert moved_by_all(found) - moved_by_all(before) == 4 * UNIT
    assert moved_by_all(without) == moved_by_all(found)


def test_the_machine_grows_by_what_is_moved_while_groups_go_around(scene: Scene) -> None:
    scene.mount.leave_limbo()
    scene.foreign(scene.mount.rmids - 1 - 2)
    three = [scene.sleeping(name) for name in "abc"]
    found = []
    with scene.agent(*three, resctrl_rotation_steps=1) as agent:
        agent.step()
        for _ in range(8):
            for path in (scene.group(cgroup) for cgroup in three):
                if path.exists():
                    scene.mount.add_bandwidth(str(path.relative_to(scene.mount.path)), 0, 5 * UNIT, 0)
                    break
            found.append(moved_by_all(agent.step()))
            scene.mount.leave_limbo()

    assert [later - before for before, later in pairwise(found)] == [5 * UNIT] * 7
