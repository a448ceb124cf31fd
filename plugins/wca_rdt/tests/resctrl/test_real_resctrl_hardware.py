"""In the guest: what is written to resctrl is in the registers, and traffic follows the threads that make it."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.wca_rdt.tests.resctrl.given import write
from plugins.wca_rdt.tests.resctrl.mounts.kernel import KernelResctrl
from tests.vm.guest import in_guest

pytestmark = in_guest


@pytest.fixture
def group(resctrl: KernelResctrl) -> Path:
    path = resctrl.path / "a"
    path.mkdir()
    return path


@pytest.fixture
def spinning() -> "Iterator[subprocess.Popen[bytes]]":
    with subprocess.Popen(["taskset", "-c", "2", "sh", "-c", "while :; do :; done"]) as process:
        yield process
        process.kill()


def test_masks_and_bandwidth_reach_the_registers(resctrl: KernelResctrl, group: Path) -> None:
    write(group / "schemata", "L3:1=3\nMB:0=30\n")

    assert [resctrl.mask_in_force("a", domain) for domain in (0, 1)] == [0x7FF, 3]
    assert [resctrl.throttle_in_force("a", domain) for domain in (0, 1)] == [70, 0]


def test_traffic_is_that_of_the_group_and_of_the_cache_where_it_runs(
    resctrl: KernelResctrl, group: Path, spinning: "subprocess.Popen[bytes]"
) -> None:
    (resctrl.path / "idle").mkdir()
    resctrl.set_rate("a", 256)
    write(group / "tasks", str(spinning.pid))

    time.sleep(1)

    def total(path: Path, domain: int) -> int:
        return int((path / "mon_data" / f"mon_L3_0{domain}" / "mbm_total_bytes").read_text())

    assert total(group, 1) > 10_000_000
    assert total(group, 0) < total(group, 1) / 10
    assert total(resctrl.path / "idle", 1) == 0
