"""What goes wrong in a mounted resctrl: emulated in the normal run, the kernel's own in the virtual machine."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from wca_rdt.resctrl.collector import Rdt
from wca_rdt.resctrl.collector import log as LOG  # noqa: N812
from wca_rdt.resctrl.groups import MonGroup, Resctrl
from wca_rdt.resctrl.membership import GroupLost, Membership
from wca_rdt.resctrl.sight import Sight

from plugins.wca_rdt.tests.resctrl.given import asleep, threads, write
from plugins.wca_rdt.tests.resctrl.mounts.interface import UNIT, ResctrlMount
from plugins.wca_rdt.tests.resctrl.scene import Scene, held, moved, pids
from tests.cgroups import open_files_below, real_cgroups_or_skip
from tests.command import wca
from wca_core.builtin.complaints import Complaints
from wca_core.errors import StartError
from wca_core.host import Host
from wca_core.linux.files import OpenFiles
from wca_core.testing import running

pytestmark = [pytest.mark.vm, pytest.mark.root]

LIBC = ctypes.CDLL(None, use_errno=True)
READ_ONLY, REMOUNT, BIND = 1, 32, 4096
DETACH = 2
GROUP = MonGroup("", "a")


@pytest.fixture
def scene(resctrl: ResctrlMount) -> Iterator[Scene]:
    with real_cgroups_or_skip() as cgroups:
        yield Scene(resctrl, cgroups)


@pytest.fixture
def group(resctrl: ResctrlMount) -> Path:
    path = resctrl.path / "mon_groups/a"
    path.mkdir()
    return path


@pytest.fixture
def membership() -> Membership:
    return Membership("task a", Complaints(LOG))


def seal(path: Path, flags: int = READ_ONLY) -> None:
    """Make this one mount read-only; with 0 writable again."""
    if LIBC.mount(None, bytes(path), None, REMOUNT | BIND | flags, None) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def test_without_the_right_to_write_it_is_off_and_the_rest_goes_on(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    seal(scene.mount.path)

    with running(Host(), [Rdt(resctrl_path=str(scene.mount.path))]) as agent:
        names = {sample.name for sample in agent.step().samples}

    assert not any("resctrl" in name for name in names)
    assert "may not be written" in caplog.text


def test_who_insists_is_told_what_right_is_missing(scene: Scene) -> None:
    seal(scene.mount.path)

    with pytest.raises(StartError, match="may not be written"), scene.agent():
        pass


def test_a_right_that_is_lost_ends_measuring_with_one_error(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    a = scene.sleeping("a")
    with scene.agent(a, rdt_enabled=None) as agent:
        seal(scene.mount.path)
        found = agent.step(3)

    assert (moved(found, a), found.value("wca_plugin_up", plugin="rdt")) == (None, 1)
    assert [record.levelname for record in caplog.records if record.name == "wca.rdt"] == ["ERROR"]


def test_for_who_insists_it_is_an_error_of_each_step(scene: Scene) -> None:
    a = scene.sleeping("a")
    with scene.agent(a) as agent:
        seal(scene.mount.path)
        found = agent.step()

    assert found.value("wca_plugin_up", plugin="rdt") == 0


def test_it_can_be_mounted_again_under_a_running_agent_and_counters_go_on(scene: Scene) -> None:
    if not scene.mount.is_kernel:
        pytest.skip("only the kernel's can be mounted only once")
    a, path = scene.sleeping("a"), bytes(scene.mount.path)
    with scene.agent(a) as agent:
        agent.step()
        scene.mount.add_bandwidth(scene.name(a), 0, 4 * UNIT, 0)
        agent.step()
        assert LIBC.umount2(path, DETACH) == 0
        without = agent.step()
        assert LIBC.mount(b"resctrl", path, b"resctrl", 0, b"debug") == 0
        agent.step()
        members = scene.members(a)
        scene.mount.add_bandwidth(scene.name(a), 0, 9 * UNIT, 0)
        found = agent.step()

    assert without.value("wca_plugin_up", plugin="rdt") == 0
    assert members == pids(a)
    assert moved(found, a) == (4 + 9) * UNIT


def test_threads_that_are_made_meanwhile_are_moved_in_the_same_step(
    resctrl: ResctrlMount, group: Path, membership: Membership
) -> None:
    with asleep() as one, asleep() as two:
        left = membership.bring_in(GROUP, {one}, Sight(Resctrl(str(resctrl.path))), lambda: {one, two})

        assert (threads(group), left) == ({one, two}, set())


def test_threads_are_looked_for_again_twice_at_most(resctrl: ResctrlMount, group: Path, membership: Membership) -> None:
    with ExitStack() as stack:
        made = [stack.enter_context(asleep()) for _ in range(5)]
        seen = iter(range(2, 6))

        membership.bring_in(GROUP, {made[0]}, Sight(Resctrl(str(resctrl.path))), lambda: set(made[: next(seen)]))

        assert threads(group) == set(made[:3])


def test_a_thread_that_was_moved_while_we_looked_is_moved_back(
    resctrl: ResctrlMount, group: Path, membership: Membership
) -> None:
    (resctrl.path / "gold").mkdir()
    with asleep() as one, asleep() as two, asleep() as raced:
        sight = Sight(Resctrl(str(resctrl.path)))
        sight.threads("gold")
        write(resctrl.path / "gold/tasks", str(raced))

        membership.bring_in(GROUP, {one, two, raced}, sight, lambda: ())

        assert threads(group) == {one, two, raced}
    assert membership.errors == 0


def test_dead_threads_cost_nothing(resctrl: ResctrlMount, group: Path, membership: Membership) -> None:
    with asleep() as gone:
        pass
    with asleep() as alive:
        membership.bring_in(GROUP, {gone, alive}, Sight(Resctrl(str(resctrl.path))), lambda: ())

        assert threads(group) == {alive}
    assert membership.errors == 0


def test_a_group_that_is_gone_is_told(resctrl: ResctrlMount, group: Path, membership: Membership) -> None:
    sight = Sight(Resctrl(str(resctrl.path)))
    group.rmdir()

    with pytest.raises(GroupLost):
        membership.bring_in(GROUP, {1}, sight, lambda: ())


def test_a_lost_thread_is_written_out_once(resctrl: ResctrlMount, group: Path, membership: Membership) -> None:
    with asleep() as lost:
        write(group / "tasks", str(lost))
        sight = Sight(Resctrl(str(resctrl.path)))

        membership.release(GROUP, {lost}, "", sight)
        first = threads(group)
        write(group / "tasks", str(lost))
        membership.release(GROUP, {lost}, "", sight)

        assert (first, threads(group)) == (set(), {lost})


def test_files_beyond_the_budget_are_opened_each_time(scene: Scene) -> None:
    a = scene.sleeping("a")
    host = Host(open_files=OpenFiles(0))
    with scene.agent(a, host=host) as agent:
        agent.step()
        scene.mount.add_bandwidth(scene.name(a), 0, 3 * UNIT, 0)
        scene.mount.set_occupancy(scene.name(a), 1, UNIT)
        found = agent.step()

        assert (moved(found, a), held(found, a)) == (3 * UNIT, UNIT)
        assert open_files_below(str(scene.mount.path)) == 0


def test_files_are_kept_open_and_closed_at_the_end(scene: Scene) -> None:
    a = scene.sleeping("a")
    with scene.agent(a) as agent:
        agent.step()
        first = open_files_below(str(scene.mount.path))
        agent.step(3)

        assert open_files_below(str(scene.mount.path)) == first == 6 + 4
    assert open_files_below(str(scene.mount.path)) == 0


def test_the_values_are_those_of_the_files(scene: Scene) -> None:
    a, b = scene.sleeping("a"), scene.sleeping("b")
    with scene.agent(a, b) as agent:
        agent.step()
        for number, cgroup in enumerate((a, b), 1):
            for domain in scene.mount.domains:
                scene.mount.add_bandwidth(scene.name(cgroup), domain, 5 * number * UNIT, 2 * number * UNIT)
                scene.mount.set_occupancy(scene.name(cgroup), domain, number * UNIT)
        found = agent.step()
        by_hand = [
            [
                sum(int(path.read_text()) for path in scene.group(cgroup).glob(f"mon_data/*/{event}"))
                for event in ("mbm_total_bytes", "llc_occupancy")
            ]
            for cgroup in (a, b)
        ]

    assert [[moved(found, cgroup), held(found, cgroup)] for cgroup in (a, b)] == by_hand
    assert by_hand == [[10 * UNIT, 2 * UNIT], [20 * UNIT, 4 * UNIT]]


def test_the_command_tells_what_the_files_say(scene: Scene) -> None:
    a, b = scene.sleeping("a"), scene.sleeping("b")
    fields = {
        "static.tasks": f"[{a.path},{b.path}]",
        "rdt.resctrl_path": scene.mount.path,
        "rdt.rdt_enabled": "true",
        "rdt.cleanup_on_exit": "false",
    }
    options = [word for name, value in fields.items() for word in ("--set", f"{name}={value}")]
    command = ("run", "--root", "--no-lock", "--once", "--plugins", "static,rdt", *options)

    first = wca(*command)
    scene.mount.add_bandwidth(scene.name(b), 1, 7 * UNIT, 5 * UNIT)
    scene.mount.set_occupancy(scene.name(b), 1, 3 * UNIT)
    second = wca(*command)

    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    lines = [line for line in (second.stdout + second.stderr).splitlines() if f'task_id="{b.path}"' in line]
    told = {line.partition("{")[0]: float(line.rsplit(" ", 2)[-2]) for line in lines}
    assert told["task_mem_bandwidth_bytes"] == 7 * UNIT
    assert told["task_mem_bandwidth_local_bytes"] == 5 * UNIT
    assert told["task_mem_bandwidth_remote_bytes"] == 2 * UNIT
    assert told["task_llc_occupancy_bytes"] == 3 * UNIT
    assert int((scene.group(b) / "mon_data/mon_L3_01/mbm_total_bytes").read_text()) == 7 * UNIT
