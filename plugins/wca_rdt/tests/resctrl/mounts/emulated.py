"""The emulator behind the interface, mounted at a folder of the test's own. The type of the mount is `fuse.resctrl`."""

import time
from collections.abc import Iterable
from pathlib import Path

from plugins.wca_rdt.tests.resctrl.emulator.filesystem import Resctrl
from plugins.wca_rdt.tests.resctrl.emulator.fuse import FuseMount
from plugins.wca_rdt.tests.resctrl.emulator.hardware import INTEL, Hardware
from plugins.wca_rdt.tests.resctrl.emulator.identifiers import LIMBO_CHECK
from plugins.wca_rdt.tests.resctrl.emulator.monitors import Counters


class EmulatedResctrl:
    """`path` is an empty folder; time in limbo passes by `leave_limbo` too."""

    is_kernel = False

    def __init__(self, path: Path, options: Iterable[str] = (), hardware: Hardware = INTEL) -> None:
        self.path = path
        self._skipped = 0.0
        self._resctrl = Resctrl(hardware, options, clock=lambda: time.monotonic() + self._skipped)
        self._mount = FuseMount(path, self._resctrl)
        self.domains = hardware.domains
        self.closids, self.rmids = hardware.closids, hardware.rmids

    def set_occupancy(self, group: str, domain: int, size: int) -> None:
        with self._resctrl.lock:
            self._counters(group, domain).occupancy = size

    def add_bandwidth(self, group: str, domain: int, total: int, local: int) -> None:
        with self._resctrl.lock:
            counters = self._counters(group, domain)
            counters.total += total
            counters.local += local

    def set_word(self, group: str, domain: int, word: str | None) -> None:
        """Any word: newer kernels have "Unassigned" as well."""
        with self._resctrl.lock:
            self._counters(group, domain).word = word

    def leave_limbo(self) -> None:
        self._skipped += 2 * LIMBO_CHECK

    def close(self) -> None:
        self._mount.close()

    def _counters(self, group: str, domain: int) -> Counters:
        return self._resctrl.monitors.at(domain, self._resctrl.find(group).rmid)
