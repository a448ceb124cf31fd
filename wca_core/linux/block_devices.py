"""Block devices: which of them stand on others, `/sys/dev/block` in sysfs(5)."""

from __future__ import annotations

import os

LOOP = "7:"
"""Major number of loop devices: Documentation/admin-guide/devices.txt of the kernel."""


class BlockDevices:
    """The block devices of the machine whose /sys is seen at `sys`, each looked up once."""

    def __init__(self, sys: str) -> None:
        self._sys = sys
        self._stacked: dict[str, bool] = {}

    def is_stacked(self, device: str) -> bool:
        """Whether what is done on this device (`253:0`) is done again on one below it: dm, md and loop devices."""
        known = self._stacked.get(device)
        if known is None:
            known = self._stacked[device] = device.startswith(LOOP) or self._has_slaves(device)
        return known

    def _has_slaves(self, device: str) -> bool:
        try:
            return bool(os.listdir(f"{self._sys}/dev/block/{device}/slaves"))
        except (OSError, ValueError):
            return False
