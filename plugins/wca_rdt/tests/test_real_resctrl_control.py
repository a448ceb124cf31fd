"""Allocating caches and memory bandwidth in a mounted resctrl: emulated here, the kernel's in the guest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from wca_rdt.resctrl.control.group_write import GroupWrite
from wca_rdt.resctrl.groups import Resctrl

from plugins.wca_rdt.tests.resctrl.control_scene import ControlScene, planner_only, rdt
from plugins.wca_rdt.tests.resctrl.given import threads, write
from plugins.wca_rdt.tests.resctrl.mounts.interface import UNIT, ResctrlMount
from plugins.wca_rdt.tests.resctrl.mounts.kernel import KernelResctrl
from plugins.wca_rdt.tests.resctrl.scene import missing, moved, pids, task_of
from tests.cgroups import first_line, real_cgroups_or_skip, wait_until
from tests.measuring import SLEEPING

pytestmark = [pytest.mark.vm, pytest.mark.root]


@pytest.fixture
def scene(resctrl: ResctrlMount, tmp_path: Path) -> Iterator[ControlScene]:
    with real_cgroups_or_skip() as cgroups:
        yield ControlScene(resctrl, cgroups, tmp_path)


# -- what is in force -----------------------------------------------------------------------------


def test_the_worked_sequence(scene: ControlScene) -> None:
    x, y = scene.sleeping("x"), scene.sleeping("y")
    with scene.allocating(x, y) as agent:
        agent.wish((x, rdt("be", "0=600;1=600")))
        assert scene.schemata("be")["L3"] == {0: 0x600, 1: 0x600}
        assert scene.inside("be") == scene.members(x, "be") == pids(x)
        assert not scene.group(x).exists()

        agent.wish((x, rdt("be", "0=600;1=600")), (y, rdt("be", "0=600;1=600", "0=35;1=35")))
        assert scene.schemata("be") == {"L3": {0: 0x600, 1: 0x600}, "MB": {0: 40, 1: 40}}
        assert scene.inside("be") == pids(x) | pids(y)

        agent.wish((x, rdt("be", "1=700")))
        assert scene.schemata("be") == {"L3": {0: 0x600, 1: 0x700}, "MB": {0: 40, 1: 40}}

        x.end()
        agent.forget(x)
        agent.wish()
        assert scene.groups() == {"be", f"be/{scene.name(y)}"}

        agent.wish((y, rdt("")))
        assert scene.groups() == {scene.name(y)}
        assert scene.members(y) == pids(y)


def test_masks_and_throttling_are_those_of_the_hardware(scene: ControlScene) -> None:
    x = scene.sleeping("x")
    with scene.allocating(x) as agent:
        agent.wish((x, rdt("be", "0=f;1=7f0", "0=23;1=100")))

        assert scene.schemata("be") == {"L3": {0: 0xF, 1: 0x7F0}, "MB": {0: 30, 1: 100}}
        if isinstance(scene.mount, KernelResctrl):
            assert [scene.mount.mask_in_force("be", domain) for domain in (0, 1)] == [0xF, 0x7F0]
            assert [scene.mount.throttle_in_force("be", domain) for domain in (0, 1)] == [70, 0]


def test_without_a_name_a_task_has_a_group_of_its_own(scene: ControlScene) -> None:
    x = scene.sleeping("x")
    with scene.allocating(x) as agent:
        agent.wish((x, rdt(None, "0=f")))

        name = x.path.strip("/").replace("/", "-")
        assert scene.controls() == {name}
        assert (scene.inside(name), scene.schemata(name)["L3"]) == (pids(x), {0: 0xF, 1: 0x7FF})


def test_what_is_in_force_is_told_and_counted(scene: ControlScene) -> None:
    x = scene.sleeping("x")
    with scene.allocating(x) as agent:
        before = agent.step()
        found = agent.wish((x, rdt("be", "0=3;1=7", "0=20;1=20")))
        after = agent.wish()

    where = {"group_name": "be", "domain_id": "1"}
    assert before.value("allocation_rdt_l3_mask", x.path, group_name="", domain_id="1") == 0x7FF
    for step in (found, after):
        assert step.value("allocation_rdt_l3_cache_ways", x.path, **where) == 3
        assert step.value("allocation_rdt_l3_mask", x.path, **where) == 7
        assert step.value("allocation_rdt_mb", x.path, **where) == 20
    assert [after.value(f"wca_rdt_{name}") for name in ("closids_used", "closids_max", "rmids_max")] == [
        2,
        scene.mount.closids,
        scene.mount.rmids,
    ]


def test_what_is_in_force_already_is_not_written_again(scene: ControlScene) -> None:
    x = scene.sleeping("x")
    with scene.allocating(x) as agent:
        first = agent.wish((x, rdt("be", "0=00f", "0=23"))).value("allocations_writes", type="rdt")
        again = agent.wish((x, rdt("be", "0=0xf", "0=30"))).value("allocations_writes", type="rdt")
        other = agent.wish((x, rdt("be", "0=0xf", "0=40"))).value("allocations_writes", type="rdt")

    assert (first, again, other) == (4, 4, 5)


def test_counters_go_on_through_a_move(scene: ControlScene) -> None:
    x = scene.sleeping("x")
    with scene.allocating(x) as agent:
        agent.step()
        scene.mount.add_bandwidth(scene.name(x), 0, 4 * UNIT, 0)
        agent.wish((x, rdt("be")))
        scene.mount.add_bandwidth(scene.name(x, "be"), 0, 2 * UNIT, 0)
        found = agent.wish((x, rdt("")))
        last = agent.step()

    assert (moved(found, x), moved(last, x)) == (6 * UNIT, 6 * UNIT)


def test_threads_that_enter_a_task_come_into_its_group(scene: ControlScene) -> None:
    x = scene.sleeping("x")
    with scene.allocating(x) as agent:
        agent.wish((x, rdt("be")))
        first_line(x.run(*SLEEPING))
        agent.step()

        assert scene.inside("be") == pids(x)
        assert len(pids(x)) == 2


def test_all_threads_of_a_task_that_forks_without_end_are_moved(scene: ControlScene) -> None:
    x = scene.cgroups.make("x")
    first_line(x.run("sh", "-c", "echo on; while :; do sh -c :; done"))
    with scene.allocating(x) as agent:
        agent.wish((x, rdt("be", "0=f")))

        wait_until(lambda: pids(x) <= scene.inside("be"), "the task is not in its group")
        assert agent.step().value("wca_allocation_rollbacks", type="rdt") == 0


# -- sharing --------------------------------------------------------------------------------------


def test_of_tasks_that_share_a_group_the_first_has_its_way(
    scene: ControlScene, caplog: pytest.LogCaptureFixture
) -> None:
    x, y = scene.sleeping("x"), scene.sleeping("y")
    wishes = (y, rdt("be", "0=f", "0=20")), (x, rdt("be", "0=7"))
    with scene.allocating(x, y) as agent:
        writes = [agent.wish(*wishes).value("allocations_writes", type="rdt") for _ in range(4)]

        assert scene.schemata("be") == {"L3": {0: 7, 1: 0x7FF}, "MB": {0: 20, 1: 100}}
        assert scene.inside("be") == pids(x) | pids(y)
    assert writes == [writes[0]] * 4
    assert caplog.text.count("comes first with L3:0=7, found L3:0=f") == 1


def test_strictly_that_is_invalid(scene: ControlScene, caplog: pytest.LogCaptureFixture) -> None:
    x, y = scene.sleeping("x"), scene.sleeping("y")
    with scene.allocating(x, y, strict_groups=True) as agent:
        agent.wish((y, rdt("be", "0=f")), (x, rdt("be", "0=7")))

        assert scene.controls() == set()
    assert "(strict_groups)" in caplog.text


# -- too many groups ------------------------------------------------------------------------------


def test_more_groups_than_closids_are_invalid(scene: ControlScene, caplog: pytest.LogCaptureFixture) -> None:
    x, y = scene.sleeping("x"), scene.sleeping("y")
    foreign = [scene.mount.path / f"foreign-{number}" for number in range(scene.mount.closids - 2)]
    for path in foreign:
        path.mkdir()
    with scene.allocating(x, y, settings={"on_invalid": "ignore_task"}) as agent:
        found = agent.wish((x, rdt("a", "0=f")), (y, rdt("b", "0=f")))

        assert scene.controls() == {"a", *(path.name for path in foreign)}
    assert found.value("allocations_errors") == 1
    assert "too many groups for available CLOSIDs" in caplog.text


def test_the_kernel_says_why_a_group_cannot_be_made(scene: ControlScene) -> None:
    for number in range(scene.mount.closids - 1):
        (scene.mount.path / f"foreign-{number}").mkdir()

    with pytest.raises(OSError, match=r"No space left on device \(last_cmd_status: .*CLOSID"):
        GroupWrite(Resctrl(str(scene.mount.path)), "be").do()


def test_a_closid_is_handed_over_within_a_step(scene: ControlScene) -> None:
    x, y = scene.sleeping("x"), scene.sleeping("y")
    with scene.allocating(x, y) as agent:
        agent.wish((y, rdt("be")))
        for number in range(scene.mount.closids - 2):
            (scene.mount.path / f"foreign-{number}").mkdir()
        agent.wish((x, rdt("hp", "0=f")), (y, rdt("")))

        assert scene.inside("hp") == pids(x)
        assert not (scene.mount.path / "be").exists()


def test_a_task_is_moved_also_if_there_is_no_group_to_measure_it(scene: ControlScene) -> None:
    scene.mount.leave_limbo()
    x = scene.sleeping("x")
    (scene.mount.path / "be").mkdir()
    with scene.allocating(x) as agent:
        scene.foreign(scene.mount.rmids - 2)
        found = agent.wish((x, rdt("be", "0=f")))
        again = agent.step()

        assert missing(found, x) == [1]
        assert scene.inside("be") == pids(x)
        assert again.value("allocation_rdt_l3_mask", x.path, group_name="be", domain_id="0") == 0xF


# -- groups of others, names ----------------------------------------------------------------------


def test_a_group_of_somebody_else_can_be_used_and_stays(scene: ControlScene) -> None:
    x = scene.sleeping("x")
    (scene.mount.path / "gold").mkdir()
    with scene.allocating(x) as agent:
        agent.wish((x, rdt("gold", "0=f")))
        inside = scene.inside("gold")
        agent.wish((x, rdt("")))

        assert (inside, scene.inside("gold"), scene.controls()) == (pids(x), set(), {"gold"})


@pytest.mark.parametrize("name", ["tasks", "info", "mon_groups", "../be", "schemata"])
def test_a_name_that_is_no_group_is_invalid(scene: ControlScene, name: str) -> None:
    x = scene.sleeping("x")
    with scene.allocating(x) as agent:
        found = agent.wish((x, rdt(name, "0=f")))

    assert found.value("allocations_errors") == 1
    assert scene.controls() == set()


def test_only_groups_with_the_prefix_are_made(scene: ControlScene) -> None:
    x, y = scene.sleeping("x"), scene.sleeping("y")
    settings = {"on_invalid": "ignore_task"}
    with scene.allocating(x, y, settings=settings, resctrl_group_prefix="wca.") as agent:
        agent.wish((x, rdt("be")), (y, rdt(None)))

        assert scene.controls() == {f"wca.{y.path.strip('/').replace('/', '-')}"}


# -- what the kernel refuses ----------------------------------------------------------------------


def test_a_refusal_is_told_in_the_kernels_words_and_all_is_as_before(
    scene: ControlScene, caplog: pytest.LogCaptureFixture
) -> None:
    x, y = scene.sleeping("x"), scene.sleeping("y")
    exclusive = scene.mount.path / "exclusive"
    exclusive.mkdir()
    with scene.allocating(x, y, configuration={"default_rdt_l3": "L3:0=7f0;1=7f0"}) as agent:
        write(exclusive / "schemata", "L3:0=f;1=f\n")
        write(exclusive / "mode", "exclusive\n")
        found = agent.wish((x, rdt("be", "0=3")), (y, rdt("hp", "0=70", "0=20")))

        assert scene.controls() == {"exclusive", "hp"}
        assert (scene.members(x), scene.inside("hp")) == (pids(x), pids(y))
    assert "refused: Invalid argument (last_cmd_status: Overlaps with exclusive group)" in caplog.text
    assert found.value("wca_allocation_write_errors", type="rdt", errno="EINVAL") == 1
    assert found.value("wca_allocation_rollbacks", type="rdt") == 1


def test_nobody_needs_to_measure(scene: ControlScene) -> None:
    x = scene.sleeping("x")
    with planner_only(scene, task_of(x)) as agent:
        agent.wish((x, rdt("be", "0=f")))
        first_line(x.run(*SLEEPING))
        found = agent.step()

        assert scene.inside("be") == threads(scene.group(x, "be")) == pids(x)
    assert moved(found, x) is None
