"""The guest's own resctrl behind the interface: hardware is set through the registers of `tests/vm/hardware`."""

import ctypes
import os
import time
from collections.abc import Iterable
from pathlib import Path

from tests.vm.registers import Registers, first_cpus

RESCTRL = Path("/sys/fs/resctrl")
RATE, OCCUPANCY, TOTAL, LOCAL, WORD = 0x4F000000, 0x4F100000, 0x4F200000, 0x4F300000, 0x4F400000
MASKS, THROTTLES = 0xC90, 0xD50
WORDS = {None: 0, "Unavailable": 1, "Error": 2}
UNIT = 65536
KILOBYTE = 1024
LIMBO = 1.5
MOST_IN_LIMBO = 24
REMOVED = 2  # groups that a test has removed itself, by guess
LIBC = ctypes.CDLL(None, use_errno=True)


class Limbo:
    """How many RMIDs earlier mounts left in limbo, at most; they are there whatever is mounted."""

    def __init__(self) -> None:
        self._left: list[tuple[float, int]] = []

    def add(self, count: int) -> None:
        self._left.append((time.monotonic() + LIMBO, count))

    def wait_until_small(self) -> None:
        """Until a test that needs few groups finds RMIDs for them."""
        while sum(count for end, count in self._left if end > time.monotonic()) > MOST_IN_LIMBO:
            time.sleep(0.05)


LEFT_BEHIND = Limbo()


class KernelResctrl:
    """Mounted with `debug` too, whose `mon_hw_id` tells which RMID is a group's."""

    is_kernel = True
    path = RESCTRL
    closids, rmids = 8, 48

    def __init__(self, options: Iterable[str] = ()) -> None:
        words = ",".join(["debug", *options])
        LEFT_BEHIND.wait_until_small()
        if LIBC.mount(b"resctrl", bytes(RESCTRL), b"resctrl", 0, words.encode()) < 0:
            raise OSError(ctypes.get_errno(), f"{os.strerror(ctypes.get_errno())}: mount -t resctrl -o {words}")
        self._registers = Registers()
        self._first_cpu = first_cpus()
        self.domains = tuple(self._first_cpu)
        self._touched: set[tuple[int, int]] = set()

    def set_occupancy(self, group: str, domain: int, size: int) -> None:
        self._set(OCCUPANCY, group, domain, size // UNIT)

    def add_bandwidth(self, group: str, domain: int, total: int, local: int) -> None:
        self._set(TOTAL, group, domain, total // KILOBYTE)
        self._set(LOCAL, group, domain, local // KILOBYTE)

    def set_rate(self, group: str, bytes_per_256_cycles: int) -> None:
        """Traffic that grows with the processor time of the group's threads, three quarters of it local."""
        self._set(RATE, group, self.domains[0], bytes_per_256_cycles)

    def set_word(self, group: str, domain: int, word: str | None) -> None:
        self._set(WORD, group, domain, WORDS[word])

    def mask_in_force(self, group: str, domain: int) -> int:
        """What the L3's register has for the control group; not for mounts with cdp."""
        return self._in_force(MASKS, group, domain)

    def throttle_in_force(self, group: str, domain: int) -> int:
        """Percent taken away from the control group's bandwidth, as the register says it."""
        return self._in_force(THROTTLES, group, domain)

    def leave_limbo(self) -> None:
        time.sleep(LIMBO)

    def close(self) -> None:
        """Threads and masks are the kernel's to give back; the hardware's numbers are ours."""
        self._reset()
        self._registers.close()
        LEFT_BEHIND.add(len(list(RESCTRL.rglob("mon_hw_id"))) + REMOVED)
        if LIBC.umount2(bytes(RESCTRL), 0) < 0:
            raise OSError(ctypes.get_errno(), f"umount {RESCTRL}")

    def _set(self, register: int, group: str, domain: int, value: int) -> None:
        rmid = int((RESCTRL / group / "mon_hw_id").read_text())
        cpu = self._first_cpu[domain]
        self._registers.write(cpu, register | rmid, value)
        if register not in (TOTAL, LOCAL):
            self._touched.add((cpu, register | rmid))

    def _in_force(self, register: int, group: str, domain: int) -> int:
        closid = int((RESCTRL / group / "ctrl_hw_id").read_text())
        return self._registers.read(self._first_cpu[domain], register + closid)

    def _reset(self) -> None:
        """Counters go on from where they are; a new group counts from there."""
        for cpu, register in self._touched:
            self._registers.write(cpu, register, 0)
