"""In the guest: registers of its processor, through /dev/cpu/N/msr; see msr(4).

The driver is a module of the guest's kernel, which lies beside it in the cache and is loaded when first needed.
"""

import ctypes
import errno
import os
import struct
from pathlib import Path

DEVICES = Path("/dev/cpu")
CPUS = Path("/sys/devices/system/cpu")
LOAD_MODULE = 313  # finit_module(2) on x86_64
INSTRUCTIONS_IN_256_CYCLES = 0x4F500000
NANOSECONDS_PER_INSTRUCTION = 4  # the shift of machine.py: 1 << 2
LIBC = ctypes.CDLL(None, use_errno=True)


def load_driver() -> None:
    """Raises OSError when the kernel does not take its own module."""
    with (Path(os.environ["WCA_VM_KERNEL"]) / "msr.ko").open("rb") as module:
        if LIBC.syscall(LOAD_MODULE, module.fileno(), b"", 0) < 0 and ctypes.get_errno() != errno.EEXIST:
            raise OSError(ctypes.get_errno(), f"the kernel refused {module.name}")


def first_cpus() -> dict[int, int]:
    """The lowest cpu of each L3 cache, by the cache's id."""
    found: dict[int, int] = {}
    for cpu in sorted(int(path.name[3:]) for path in CPUS.glob("cpu[0-9]*")):
        domain = int((CPUS / f"cpu{cpu}" / "cache" / "index3" / "id").read_text())
        found.setdefault(domain, cpu)
    return found


def count_true_instructions() -> None:
    """In the counted guest: cycles are nanoseconds, so a fixed share of them is what was executed."""
    registers = Registers()
    registers.write(0, INSTRUCTIONS_IN_256_CYCLES, 256 // NANOSECONDS_PER_INSTRUCTION)
    registers.close()


class Registers:
    """Reads and writes 64 bits; one device is kept open for each cpu used."""

    def __init__(self) -> None:
        load_driver()
        self._devices: dict[int, int] = {}

    def read(self, cpu: int, number: int) -> int:
        """The register as `cpu` has it."""
        (value,) = struct.unpack("<Q", os.pread(self._device(cpu), 8, number))
        return int(value)

    def write(self, cpu: int, number: int, value: int) -> None:
        """Writes the register on `cpu`; QEMU takes writes to registers that there are not, too."""
        os.pwrite(self._device(cpu), struct.pack("<Q", value), number)

    def close(self) -> None:
        for device in self._devices.values():
            os.close(device)
        self._devices.clear()

    def _device(self, cpu: int) -> int:
        if cpu not in self._devices:
            self._devices[cpu] = os.open(DEVICES / str(cpu) / "msr", os.O_RDWR | os.O_CLOEXEC)
        return self._devices[cpu]
