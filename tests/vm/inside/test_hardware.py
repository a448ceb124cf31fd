"""The hardware of `tests/vm/hardware` is met by the kernel's own drivers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vm.guest import in_guest
from tests.vm.registers import Registers, first_cpus

pytestmark = in_guest

MASK_OF_CLOSID_0 = 0xC90
COUNTERS = Path("/sys/bus/event_source/devices/cpu")


@pytest.fixture
def registers() -> Iterator[Registers]:
    opened = Registers()
    yield opened
    opened.close()


def test_the_kernel_has_resctrl() -> None:
    assert "resctrl" in Path("/proc/filesystems").read_text().split()


def test_the_kernel_has_the_counters_of_a_processor() -> None:
    assert {"instructions", "cpu-cycles", "cache-misses"} <= {path.name for path in (COUNTERS / "events").iterdir()}


def test_each_cache_has_its_own_masks(registers: Registers) -> None:
    masks = [registers.read(cpu, MASK_OF_CLOSID_0) for cpu in first_cpus().values()]

    assert len(masks) > 1
    assert set(masks) == {0x7FF}
