"""More tasks than the hardware can tell apart: emulated in the normal run, the kernel's own in the virtual machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plugins.wca_rdt.tests.conftest import MountResctrl
from plugins.wca_rdt.tests.resctrl.emulator.hardware import AMD, MPAM
from plugins.wca_rdt.tests.resctrl.given import write
from plugins.wca_rdt.tests.resctrl.mounts.interface import UNIT
from plugins.wca_rdt.tests.resctrl.scene import Running, Scene, held, missing, moved, pids
from tests.cgroups import Cgroup, Cgroups, real_cgroups_or_skip

pytestmark = [pytest.mark.vm, pytest.mark.root]


@pytest.fixture
def cgroups() -> Iterator[Cgroups]:
    with real_cgroups_or_skip() as made:
        yield made


@pytest.fixture
def room_for_two(mount_resctrl: MountResctrl, cgroups: Cgroups) -> Scene:
    """All groups but two are somebody else's."""
    scene = Scene(mount_resctrl(), cgroups)
    scene.mount.leave_limbo()
    scene.foreign(scene.mount.rmids - 1 - 2)
    return scene


@pytest.fixture
def three(room_for_two: Scene) -> list[Cgroup]:
    return [room_for_two.sleeping(name) for name in "abc"]


def test_a_task_without_a_group_has_no_values_and_the_others_have(
    room_for_two: Scene, three: list[Cgroup], caplog: pytest.LogCaptureFixture
) -> None:
    with room_for_two.agent(*three) as agent:
        found = agent.step(3)

    assert missing(found, *three) == [0, 0, 1]
    assert [held(found, cgroup) for cgroup in three] == [0, 0, None]
    assert moved(found, three[2]) is None
    told = [record.getMessage() for record in caplog.records if "no monitoring group" in record.getMessage()]
    assert len(told) == 1
    assert f"{room_for_two.mount.rmids} groups, RMIDs: {room_for_two.mount.rmids}" in told[0]


def test_each_task_without_a_group_is_told_once(room_for_two: Scene, caplog: pytest.LogCaptureFixture) -> None:
    five = [room_for_two.sleeping(name) for name in "abcde"]

    with room_for_two.agent(*five, resctrl_rotation_steps=0) as agent:
        agent.step(3)

    told = [record.getMessage() for record in caplog.records if "no monitoring group" in record.getMessage()]
    assert [message.split()[1] for message in told] == [cgroup.path for cgroup in five[2:]]


def test_who_waits_gets_the_group_of_a_task_that_is_gone(room_for_two: Scene, three: list[Cgroup]) -> None:
    with room_for_two.agent(*three, resctrl_rotation_steps=0) as agent:
        agent.step()
        agent.given.tasks = agent.given.tasks[1:]
        agent.step()
        room_for_two.mount.leave_limbo()
        found = agent.step()
        members = room_for_two.members(three[2])

    assert missing(found, *three[1:]) == [0, 0]
    assert members == pids(three[2])


def test_who_gets_none_because_of_limbo_is_told_of_the_threshold(
    room_for_two: Scene, three: list[Cgroup], caplog: pytest.LogCaptureFixture
) -> None:
    room_for_two.mount.set_occupancy("mon_groups/foreign-0", 0, 2 << 20)  # more than the threshold: it stays there
    (room_for_two.mount.path / "mon_groups/foreign-0").rmdir()

    with room_for_two.agent(*three) as agent:
        found = agent.step()

    assert missing(found, *three) == [0, 0, 1]
    assert "max_threshold_occupancy" in caplog.text


def turns(scene: Scene, agent: Running, cgroups: list[Cgroup], steps: int) -> list[tuple[object, ...]]:
    """Who had no group, step by step."""
    found = []
    for _ in range(steps):
        found.append(tuple(missing(agent.step(), *cgroups)))
        scene.mount.leave_limbo()
    return found


def test_groups_go_around_among_tasks(room_for_two: Scene, three: list[Cgroup]) -> None:
    with room_for_two.agent(*three, resctrl_rotation_steps=1) as agent:
        found = turns(room_for_two, agent, three, 9)

    without = [sum(step[task] == 0 for step in found) for task in range(3)]
    assert all(1 <= sum(step) <= 2 for step in found)  # type: ignore[arg-type]
    assert all(count >= 3 for count in without), found


def test_counters_of_a_task_that_handed_over_stay_and_go_on_later(room_for_two: Scene, three: list[Cgroup]) -> None:
    scene, first = room_for_two, three[0]
    seen = []
    with scene.agent(*three, resctrl_rotation_steps=1) as agent:
        for _ in range(9):
            found = agent.step()
            seen.append((moved(found, first), held(found, first), missing(found, first)[0]))
            if scene.group(first).exists():
                scene.mount.add_bandwidth(scene.name(first), 0, UNIT, 0)
            scene.mount.leave_limbo()

    without = [step for step in seen if step[2] == 1]
    assert without
    assert all(step[0] is not None and step[1] is None for step in without)
    values = [step[0] for step in seen]
    assert values == sorted(values)  # type: ignore[type-var]
    assert without[0][0] == UNIT  # also what was moved just before
    assert values[-1] > UNIT  # type: ignore[operator]


def test_groups_stay_where_they_are_if_that_is_wanted(room_for_two: Scene, three: list[Cgroup]) -> None:
    with room_for_two.agent(*three, resctrl_rotation_steps=0) as agent:
        found = turns(room_for_two, agent, three, 3)

    assert set(found) == {(0, 0, 1)}


def test_the_end_of_a_task_is_noticed_also_while_it_waits(room_for_two: Scene, three: list[Cgroup]) -> None:
    with room_for_two.agent(*three, resctrl_rotation_steps=1) as agent:
        agent.step()
        agent.given.tasks = agent.given.tasks[:2]
        found = turns(room_for_two, agent, three[:2], 3)

    assert set(found) == {(0, 0)}


def test_where_each_control_group_has_its_own_limit_others_have_groups(
    mount_resctrl: MountResctrl, cgroups: Cgroups
) -> None:
    scene = Scene(mount_resctrl(hardware=MPAM), cgroups)
    (scene.mount.path / "gold").mkdir()
    a, b, in_gold = (scene.sleeping(name) for name in "abg")
    write(scene.mount.path / "gold/tasks", str(*pids(in_gold)))

    with scene.agent(a, b, in_gold, resctrl_rotation_steps=0) as agent:
        found = agent.step(2)

    assert missing(found, a, b, in_gold) == [0, 1, 0]


def test_a_group_of_another_control_group_is_not_handed_over_where_that_would_not_help(
    mount_resctrl: MountResctrl, cgroups: Cgroups
) -> None:
    scene = Scene(mount_resctrl(hardware=MPAM), cgroups)
    (scene.mount.path / "gold").mkdir()
    in_gold, a, b = (scene.sleeping(name) for name in "gab")
    write(scene.mount.path / "gold/tasks", str(*pids(in_gold)))

    with scene.agent(in_gold, a, b, resctrl_rotation_steps=1) as agent:
        found = turns(scene, agent, [in_gold, a, b], 8)

    assert {step[0] for step in found} == {0}
    assert {step[1] for step in found} == {step[2] for step in found} == {0, 1}


def test_there_is_no_local_bandwidth_where_hardware_does_not_tell(
    mount_resctrl: MountResctrl, cgroups: Cgroups
) -> None:
    scene = Scene(mount_resctrl(hardware=MPAM), cgroups)
    a = scene.sleeping("a")

    with scene.agent(a, resctrl_per_domain=True) as agent:
        agent.step()
        scene.mount.add_bandwidth(scene.name(a), 4, 3 * UNIT, 0)
        found = agent.step()

    assert found.value("task_mem_bandwidth_bytes", a.path, l3_domain="4") == 3 * UNIT
    assert found.value("task_mem_bandwidth_bytes", a.path, l3_domain="1") == 0
    assert not {"task_mem_bandwidth_local_bytes", "task_mem_bandwidth_remote_bytes"} & found.names


def test_many_caches_are_one_sum(mount_resctrl: MountResctrl, cgroups: Cgroups) -> None:
    scene = Scene(mount_resctrl(hardware=AMD), cgroups)
    a = scene.sleeping("a")

    with scene.agent(a) as agent:
        agent.step()
        for domain in scene.mount.domains:
            scene.mount.add_bandwidth(scene.name(a), domain, (domain + 1) * UNIT, UNIT)
            scene.mount.set_occupancy(scene.name(a), domain, UNIT)
        found = agent.step()

    assert (moved(found, a), held(found, a)) == (36 * UNIT, 8 * UNIT)
    assert found.value("task_mem_bandwidth_remote_bytes", a.path) == 28 * UNIT
