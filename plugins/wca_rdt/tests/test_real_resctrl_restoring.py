"""What RDT control writes is undone, put back, or left to others: emulated here, the kernel's in the guest."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from plugins.wca_rdt.tests.resctrl.control_scene import Before, ControlScene, Spoiler, Unreliable, rdt
from plugins.wca_rdt.tests.resctrl.given import write
from plugins.wca_rdt.tests.resctrl.mounts.interface import ResctrlMount
from plugins.wca_rdt.tests.resctrl.scene import pids
from tests.cgroups import Cgroup, real_cgroups_or_skip
from tests.command import wca
from wca_core.model.rdt_allocation import RDTAllocation

pytestmark = [pytest.mark.vm, pytest.mark.root]

PATIENCE = 100
"""Steps in which what failed before has been tried again."""

AGENT = """
import json, sys, time
from pathlib import Path
from plugins.wca_rdt.tests.resctrl.control_scene import ControlScene, rdt

mount, folder, decided = json.loads(sys.argv[1])
class Place: path = Path(mount)
class Named:
    def __init__(self, path): self.path = path
wishes = [(Named(path), rdt(*lines)) for path, lines in decided]
with ControlScene(Place, None, Path(folder)).allocating(*(one for one, _ in wishes)) as agent:
    agent.wish(*wishes)
    print("done", flush=True)
    time.sleep(1000)
"""


@pytest.fixture
def scene(resctrl: ResctrlMount, tmp_path: Path) -> Iterator[ControlScene]:
    with real_cgroups_or_skip() as cgroups:
        yield ControlScene(resctrl, cgroups, tmp_path)


def killed(scene: ControlScene, *wishes: tuple[Cgroup, Sequence[str | None]]) -> None:
    """An agent of its own made these wishes so, and was killed."""
    arguments = json.dumps(
        [str(scene.mount.path), str(scene.folder), [(cgroup.path, lines) for cgroup, lines in wishes]]
    )
    with subprocess.Popen([sys.executable, "-c", AGENT, arguments], stdout=subprocess.PIPE, text=True) as agent:
        assert agent.stdout is not None
        try:
            assert agent.stdout.readline() == "done\n"
        finally:
            agent.send_signal(signal.SIGKILL)


# -- undone within a step -------------------------------------------------------------------------


def test_a_write_that_fails_later_undoes_the_move_and_the_lines(scene: ControlScene) -> None:
    x, y = scene.sleeping("x"), scene.sleeping("y")
    with scene.allocating(x, y) as agent:
        agent.wish((x, rdt("old", "0=f", "0=20")), (y, rdt("hp", "0=7")))
        before = Before(scene)
    spoiler = Spoiler(task_id=x.path, strikes_last=True)
    with scene.allocating(x, y, plugins=[spoiler]) as agent:
        agent.wish((x, rdt("new", "0=70")), (y, rdt("hp", "0=3")))

        assert spoiler.was_asked
        assert scene.controls() == {"old", "hp"}
        assert scene.schemata("old") == {"L3": {0: 0xF, 1: 0x7FF}, "MB": {0: 20, 1: 100}}
        assert (scene.members(x, "old"), scene.schemata("hp")["L3"][0]) == (pids(x), 3)
    assert before.inside == {control: scene.inside(control) for control in scene.controls()}


def test_a_task_that_dies_in_the_middle_leaves_nothing_behind(scene: ControlScene) -> None:
    x, y = scene.sleeping("x"), scene.sleeping("y")
    with scene.allocating(x, y, plugins=[Spoiler(task_id=x.path, ends=x)]) as agent:
        found = agent.wish((x, rdt("be", "0=f")), (y, rdt("hp", "0=7")))

        assert scene.controls() == {"hp"}
        assert scene.inside("hp") == pids(y)
    assert found.value("wca_allocation_write_errors", type="rdt", errno="ENOENT") is None


def test_who_dies_does_not_take_the_group_from_those_that_share_it(scene: ControlScene) -> None:
    x, y = scene.sleeping("x"), scene.sleeping("y")
    with scene.allocating(x, y, plugins=[Spoiler(task_id=x.path, ends=x)]) as agent:
        agent.wish((x, rdt("be", "0=f")), (y, rdt("be", "0=f")))

        assert (scene.inside("be"), scene.schemata("be")["L3"][0]) == (pids(y), 0xF)


# -- at the end, and after a kill -----------------------------------------------------------------


def test_at_the_end_all_is_as_before_if_that_is_wanted(scene: ControlScene) -> None:
    x, y = scene.sleeping("x"), scene.sleeping("y")
    write(scene.mount.path / "schemata", "MB:0=80;1=90\n")
    (scene.mount.path / "gold").mkdir()
    for pid in pids(y):
        write(scene.mount.path / "gold/tasks", str(pid))
    before = Before(scene)
    with scene.allocating(x, y, settings={"restore_on_exit": "managed"}) as agent:
        agent.wish((x, rdt("be", "0=f", "0=20")), (y, rdt("gold", "1=3")))
        agent.wish((x, rdt("hp", "0=3")), (y, rdt("be", "1=7")))
        assert scene.controls() == {"gold", "be", "hp"}

    assert before.is_back()
    assert scene.groups() == {"gold"}
    assert not scene.journal.exists()


def test_after_a_kill_all_is_put_back(scene: ControlScene) -> None:
    x, y = scene.sleeping("x"), scene.sleeping("y")
    write(scene.mount.path / "schemata", "L3:0=7f0;1=7ff\n")
    before = Before(scene)
    killed(scene, (x, ("be", "0=f", "0=20")), (y, ("be", None, "1=50")))
    assert scene.inside("be") == pids(x) | pids(y)

    result = wca("restore", "--no-lock", "--state-file", str(scene.journal))

    assert result.returncode == 0, result.stdout + result.stderr
    assert before.is_back()
    assert scene.groups() == set()


def test_after_a_kill_the_next_agent_goes_on_and_restores_what_was_before_both(scene: ControlScene) -> None:
    x = scene.sleeping("x")
    before = Before(scene)
    killed(scene, (x, ("be", "0=f", "0=20")))

    with scene.allocating(x, settings={"restore_on_exit": "managed"}) as agent:
        found = agent.wish((x, rdt("be", "0=f", "0=30")))
        assert found.value("allocations_writes", type="rdt") == 1
        assert scene.schemata("be")["MB"][0] == 30

    assert before.is_back()


def test_what_somebody_else_has_written_since_is_left_to_them(scene: ControlScene) -> None:
    x, y = scene.sleeping("x"), scene.sleeping("y")
    killed(scene, (x, ("be", "0=f")), (y, ("hp", "0=7")))
    (scene.mount.path / "gold").mkdir()
    for pid in pids(x):
        write(scene.mount.path / "gold/tasks", str(pid))
    write(scene.mount.path / "schemata", "MB:0=50;1=50\n")

    result = wca("restore", "--no-lock", "--state-file", str(scene.journal))

    assert result.returncode == 0, result.stdout + result.stderr
    assert scene.inside("gold") == pids(x)
    assert scene.schemata()["MB"] == {0: 50, 1: 50}
    assert scene.controls() == {"gold"}
    assert "theirs" in result.stdout


# -- a failure at any single write ----------------------------------------------------------------


@pytest.mark.parametrize("is_late", [False, True], ids=["refused", "refused after it took effect"])
def test_whichever_write_fails_each_task_is_wholly_new_or_wholly_old(scene: ControlScene, is_late: bool) -> None:
    x, y = scene.sleeping("x"), scene.sleeping("y")
    old = {x: Given("old-x", 0xF, 20), y: Given("old-y", 7, 50)}
    new = dict.fromkeys((x, y), Given("be", 0x70, 30))
    spoilt = Unreliable(resctrl_path=str(scene.mount.path), rdt_enabled=True)
    fates = []
    with scene.allocating(x, y, rdt_plugin=spoilt) as agent:
        for number in range(7):
            for given in (new, old):  # what failed before succeeds, so that it need not wait
                for _ in range(PATIENCE):
                    if all(given[one].is_of(scene, one) for one in given):
                        break
                    agent.wish(*((one, given[one].wish) for one in given))
            spoilt.fails_at, spoilt.is_late = number, is_late
            agent.wish(*((one, new[one].wish) for one in new))
            spoilt.fails_at = None
            fates.append([{one.path[-1] for one in given if given[one].is_of(scene, one)} for given in (new, old)])

    assert fates == [[{"y"}, {"x"}]] * 5 + [[{"x"}, {"y"}]] * 2


@dataclass(frozen=True)
class Given:
    """What a task has: a group, and of that the values of the first domain."""

    control: str
    l3: int
    mb: int

    @property
    def wish(self) -> RDTAllocation:
        return rdt(self.control, f"0={self.l3:x}", f"0={self.mb}")

    def is_of(self, scene: ControlScene, cgroup: Cgroup) -> bool:
        """Whether it is what this task has: its threads, its record, and the values."""
        if not (scene.mount.path / self.control).is_dir() or not pids(cgroup) <= scene.inside(self.control):
            return False
        values = {"L3": {0: self.l3, 1: 0x7FF}, "MB": {0: self.mb, 1: 100}}
        return scene.members(cgroup, self.control) == pids(cgroup) and scene.schemata(self.control) == values
