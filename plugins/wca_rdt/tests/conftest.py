"""`resctrl` and `mount_resctrl` for every test here: see resctrl/README.md."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from plugins.wca_rdt.tests.resctrl.emulator.hardware import INTEL, Hardware
from plugins.wca_rdt.tests.resctrl.mounts.emulated import EmulatedResctrl
from plugins.wca_rdt.tests.resctrl.mounts.interface import ResctrlMount
from plugins.wca_rdt.tests.resctrl.mounts.kernel import KernelResctrl
from tests.vm.guest import IS_GUEST


class MountResctrl(Protocol):
    """Mounts one; of `hardware` that is not the guest's only the emulator has any."""

    def __call__(self, *options: str, hardware: Hardware = INTEL) -> ResctrlMount: ...


@pytest.fixture
def mount_resctrl(tmp_path: Path) -> Iterator[MountResctrl]:
    """One mount of the test's own options and hardware; skips, with the reason, where it cannot be had."""
    mounts: list[ResctrlMount] = []

    def mount(*options: str, hardware: Hardware = INTEL) -> ResctrlMount:
        made = kernels(options, hardware) if IS_GUEST else emulated(tmp_path / "resctrl", options, hardware)
        mounts.append(made)
        return made

    yield mount
    for made in mounts:
        made.close()


@pytest.fixture
def resctrl(mount_resctrl: Callable[[], ResctrlMount]) -> ResctrlMount:
    """A mount with the guest's hardware and no options: emulated here, the kernel's in the guest."""
    return mount_resctrl()


def kernels(options: tuple[str, ...], hardware: Hardware) -> ResctrlMount:
    if hardware != INTEL:
        pytest.skip("the guest's hardware is Intel's, with everything")
    if "resctrl" not in Path("/proc/filesystems").read_text().split():
        pytest.skip("this kernel has no resctrl: booted without the hardware of tests/vm/hardware")
    return KernelResctrl(options)


def emulated(path: Path, options: tuple[str, ...], hardware: Hardware) -> ResctrlMount:
    if os.geteuid() != 0:
        pytest.skip("only root can mount the emulator of resctrl")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("/dev/fuse is not here: the emulator of resctrl needs FUSE")
    path.mkdir()
    return EmulatedResctrl(path, ["debug", *options], hardware)
