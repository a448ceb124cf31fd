"""Devices that stand on others."""

from pathlib import Path

import pytest

from wca_core.linux.block_devices import BlockDevices


@pytest.fixture
def devices(tmp_path: Path) -> BlockDevices:
    (tmp_path / "dev/block/253:0/slaves/sda").mkdir(parents=True)
    (tmp_path / "dev/block/8:0/slaves").mkdir(parents=True)
    (tmp_path / "dev/block/8:1").mkdir()
    return BlockDevices(str(tmp_path))


@pytest.mark.parametrize(
    ("device", "is_stacked"),
    [
        *(("253:0", True), ("8:0", False), ("8:1", False), ("7:3", True), ("70:0", False)),
        *(("99:99", False), ("a\0b:1", False)),
    ],
)
def test_a_device_is_stacked_if_it_has_others_below_it_or_is_a_loop(
    devices: BlockDevices, device: str, is_stacked: bool
) -> None:
    assert devices.is_stacked(device) == is_stacked


def test_a_device_is_looked_up_once(devices: BlockDevices, tmp_path: Path) -> None:
    before = devices.is_stacked("253:0")
    (tmp_path / "dev/block/253:0/slaves/sda").rmdir()

    assert before
    assert devices.is_stacked("253:0")
