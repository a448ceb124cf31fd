"""How an agent that allocates in a resctrl starts, and on other hardware; emulated here, the kernel's in the guest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.wca_rdt.tests.conftest import MountResctrl
from plugins.wca_rdt.tests.resctrl.control_scene import Before, ControlScene, rdt
from plugins.wca_rdt.tests.resctrl.emulator.hardware import ALLOCATION_ONLY, AMD, MONITORING_ONLY, MPAM
from plugins.wca_rdt.tests.resctrl.given import threads, write
from plugins.wca_rdt.tests.resctrl.mounts.interface import ResctrlMount
from plugins.wca_rdt.tests.resctrl.scene import pids
from tests.cgroups import real_cgroups_or_skip
from wca_core.errors import StartError

pytestmark = [pytest.mark.vm, pytest.mark.root]


@pytest.fixture
def scene(resctrl: ResctrlMount, tmp_path: Path) -> Iterator[ControlScene]:
    with real_cgroups_or_skip() as cgroups:
        yield ControlScene(resctrl, cgroups, tmp_path)


# -- restarts and ends ----------------------------------------------------------------------------


def test_what_an_earlier_run_decided_is_in_force_for_the_next(scene: ControlScene) -> None:
    x = scene.sleeping("x")
    with scene.allocating(x) as agent:
        agent.wish((x, rdt("be", "0=f")))

    with scene.allocating(x) as agent:
        found = agent.step()
        again = agent.wish((x, rdt("be", "0=f")))

        assert found.value("allocation_rdt_l3_mask", x.path, group_name="be", domain_id="0") == 0xF
        assert again.value("allocations_writes", type="rdt") == 0
        assert scene.members(x, "be") == pids(x)


def test_a_dry_run_writes_nothing(scene: ControlScene) -> None:
    x = scene.sleeping("x")
    os.mkdir(scene.mount.path / "old")
    with scene.allocating(x, settings={"dry_run": True}, remove_all_resctrl_groups=True) as agent:
        found = agent.wish((x, rdt("be", "0=f")))

        assert (scene.controls(), scene.members(x)) == ({"old"}, pids(x))
    assert found.value("allocation_planned_rdt_l3_mask", x.path, group_name="be", domain_id="0") == 0xF


# -- when the agent starts ------------------------------------------------------------------------


def test_the_root_starts_from_the_maximum(scene: ControlScene) -> None:
    write(scene.mount.path / "schemata", "L3:0=f;1=7ff\nMB:0=10;1=50\n")

    with scene.allocating():
        assert scene.schemata() == {"L3": {0: 0x7FF, 1: 0x7FF}, "MB": {0: 100, 1: 100}}


def test_the_root_starts_from_what_is_configured(scene: ControlScene) -> None:
    with scene.allocating(configuration={"default_rdt_l3": "L3:0=00f;1=0xff", "default_rdt_mb": "MB:1=33"}):
        assert scene.schemata() == {"L3": {0: 0xF, 1: 0xFF}, "MB": {0: 100, 1: 40}}


def test_a_default_that_the_machine_does_not_take_ends_the_start(scene: ControlScene) -> None:
    wrong = {"default_rdt_l3": "L3:0=101"}

    with (
        pytest.raises(StartError, match="default_rdt_l3: L3: a mask without gaps"),
        scene.allocating(configuration=wrong),
    ):
        pass


def test_a_default_that_the_kernel_refuses_ends_the_start_with_its_words(scene: ControlScene) -> None:
    (scene.mount.path / "exclusive").mkdir()
    write(scene.mount.path / "schemata", "L3:0=7f0;1=7f0\n")
    write(scene.mount.path / "exclusive/schemata", "L3:0=f;1=f\n")
    write(scene.mount.path / "exclusive/mode", "exclusive\n")

    with pytest.raises(StartError, match="Overlaps with exclusive group"), scene.allocating():
        pass


def test_all_groups_are_removed_if_that_is_wanted(scene: ControlScene) -> None:
    x = scene.sleeping("x")
    scene.foreign(2)
    (scene.mount.path / "gold").mkdir()
    scene.foreign(1, "gold")
    write(scene.mount.path / "gold/tasks", str(*pids(x)))

    with scene.allocating(x, remove_all_resctrl_groups=True):
        assert scene.groups() == set()


def test_of_all_groups_those_with_the_prefix(scene: ControlScene) -> None:
    for name in ("gold", "wca.a"):
        (scene.mount.path / name).mkdir()

    with scene.allocating(remove_all_resctrl_groups=True, resctrl_group_prefix="wca."):
        assert scene.controls() == {"gold"}


# -- other mounts, other hardware -----------------------------------------------------------------


def on(mount: ResctrlMount, tmp_path: Path, cgroups: object) -> ControlScene:
    return ControlScene(mount, cgroups, tmp_path)  # type: ignore[arg-type]


def test_code_and_data_apart(mount_resctrl: MountResctrl, tmp_path: Path) -> None:
    with real_cgroups_or_skip() as cgroups:
        scene = on(mount_resctrl("cdp"), tmp_path, cgroups)
        x = scene.sleeping("x")
        with scene.allocating(x) as agent:
            both = agent.wish((x, rdt("be", "0=f")))
            apart = agent.wish((x, rdt("be", l3_code="L3CODE:0=3")))

            assert scene.schemata("be")["L3CODE"][0] == 3
            assert scene.schemata("be")["L3DATA"][0] == 0xF
        where = {"group_name": "be", "domain_id": "0"}
        assert both.value("allocation_rdt_l3_mask", x.path, **where) == 0xF
        assert apart.value("allocation_rdt_l3_code_mask", x.path, **where) == 3


def test_bandwidth_in_megabytes(mount_resctrl: MountResctrl, tmp_path: Path) -> None:
    with real_cgroups_or_skip() as cgroups:
        scene = on(mount_resctrl("mba_MBps"), tmp_path, cgroups)
        x = scene.sleeping("x")
        before = Before(scene)
        with scene.allocating(x, settings={"restore_on_exit": "managed"}) as agent:
            agent.wish((x, rdt("be", None, "0=5003")))

            assert scene.schemata("be")["MB"] == {0: 5003, 1: 4294967295}
        assert before.is_back()


@pytest.mark.parametrize(("hardware", "amount"), [(AMD, 16), (MPAM, 17)], ids=["amd", "mpam"])
def test_other_hardware(mount_resctrl: MountResctrl, tmp_path: Path, hardware: object, amount: int) -> None:
    with real_cgroups_or_skip() as cgroups:
        scene = on(mount_resctrl(hardware=hardware), tmp_path, cgroups)  # type: ignore[arg-type]
        x = scene.sleeping("x")
        before, domain = Before(scene), scene.mount.domains[1]
        with scene.allocating(x, settings={"restore_on_exit": "managed"}) as agent:
            agent.wish((x, rdt("be", f"{domain}=101", f"{domain}={amount}")))

            assert (scene.schemata("be")["L3"][domain], scene.schemata("be")["MB"][domain]) == (0x101, amount)
            assert scene.inside("be") == threads(scene.group(x, "be")) == pids(x)
        assert before.is_back()


@pytest.mark.parametrize(
    ("hardware", "options", "reason"),
    [
        (MONITORING_ONLY, {"rdt_cache_control_required": True}, "rdt_cache_control_required is true, but resctrl"),
        (MONITORING_ONLY, {"rdt_mb_control_required": True}, "cannot divide memory bandwidth"),
        (ALLOCATION_ONLY, {"rdt_enabled": None, "rdt_mb_control_required": True}, "has no monitoring"),
        (ALLOCATION_ONLY, {"rdt_enabled": False, "rdt_mb_control_required": True}, "rdt_enabled is false"),
    ],
)
def test_what_is_required_and_missing_ends_the_start(
    mount_resctrl: MountResctrl, tmp_path: Path, hardware: object, options: dict[str, object], reason: str
) -> None:
    scene = on(mount_resctrl(hardware=hardware), tmp_path, None)  # type: ignore[arg-type]

    with pytest.raises(StartError, match=reason), scene.allocating(**options):  # type: ignore[arg-type]
        pass


def test_where_nothing_can_be_divided_a_wish_is_unsupported(
    mount_resctrl: MountResctrl, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with real_cgroups_or_skip() as cgroups:
        scene = on(mount_resctrl(hardware=MONITORING_ONLY), tmp_path, cgroups)
        x = scene.sleeping("x")
        with scene.allocating(x) as agent:
            found = agent.wish((x, rdt("be", "0=1")))

        assert found.value("allocations_errors") == 1
    assert "nothing here changes it" in caplog.text
