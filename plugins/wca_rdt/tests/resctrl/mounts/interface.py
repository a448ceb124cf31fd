"""What a test does with the hardware behind a mounted resctrl; groups are named by their path below the mount.

    ""                  the root
    "batch"             a control group
    "batch/mon_groups/a" or "mon_groups/a"      a monitoring group

Sizes are bytes and multiples of 65536, which is what one step of a hardware counter stands for.
"""

from pathlib import Path
from typing import Literal, Protocol

UNIT = 65536
Word = Literal["Unavailable", "Error"]


class ResctrlMount(Protocol):
    """One mount at `path`, made for one test, with nobody in it but the root."""

    path: Path
    domains: tuple[int, ...]
    closids: int
    rmids: int
    is_kernel: bool

    def set_occupancy(self, group: str, domain: int, size: int) -> None:
        """What `llc_occupancy` of the group's own RMID says from now on."""

    def add_bandwidth(self, group: str, domain: int, total: int, local: int) -> None:
        """Adds to `mbm_total_bytes` and `mbm_local_bytes`."""

    def set_word(self, group: str, domain: int, word: Word | None) -> None:
        """What all events of the group say in the place of a number; None: numbers again."""

    def leave_limbo(self) -> None:
        """Lets the time pass after which RMIDs given back are free, if their cache lines are gone."""

    def close(self) -> None:
        """Unmounts."""


def status(mount: ResctrlMount) -> str:
    """`last_cmd_status`, without the last newline."""
    return (mount.path / "info" / "last_cmd_status").read_text().strip("\n")
