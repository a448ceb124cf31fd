"""Where the resctrl file system is mounted, and why it may not be used."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import dataclass

from wca_core.errors import HostError
from wca_core.host import Host
from wca_core.linux.files import read_file
from wca_core.linux.kernel import read_filesystems
from wca_core.linux.mounts import Mount, read_mounts
from wca_core.needs import why_unreadable

FILESYSTEM = "resctrl"
MOUNT = "mount -t resctrl resctrl /sys/fs/resctrl"


@dataclass(frozen=True, slots=True)
class Mounted:
    """One mounted resctrl."""

    path: str
    """Where it is seen from here."""
    options: frozenset[str] = frozenset()
    """It was mounted with: `cdp`, `cdpl2`, `mba_MBps`, `debug` change what its files mean."""


def find_mounted(host: Host, given: str | None = None) -> Mounted | None:
    """The resctrl of a host; None if there is none.

    `given` is where the host has it, whatever the type of that file system is called; without, the first mount of
    the type `resctrl` is it. Raises `HostError` if the mounts cannot be read.
    """
    if given is None:
        found = next((mount for mount in read_mounts(host.root, host.proc) if _is_whole(mount)), None)
        return None if found is None else Mounted(host.path(found.point), found.super_options)
    path = host.path(given)
    if not os.path.isdir(f"{path}/info"):
        return None
    options = (mount.super_options for mount in read_mounts(host.root, host.proc) if mount.point == given)
    return Mounted(path, next(options, frozenset()))


def is_known(host: Host) -> bool:
    """Whether the kernel has resctrl for this CPU."""
    with suppress(HostError):
        return FILESYSTEM in read_filesystems(host.proc)
    return False


def why_not_mounted(host: Host) -> str:
    """What there is instead of a mounted resctrl, with the cure."""
    if is_known(host):
        return f"resctrl is not mounted ({MOUNT})"
    return "resctrl is not mounted and the kernel has none for this CPU (CONFIG_X86_CPU_RESCTRL, CONFIG_ARM64_MPAM)"


def why_unusable(path: str) -> str | None:
    """Why groups cannot be made in a mounted resctrl; None if they can. Looks only."""
    unreadable = why_unreadable(f"{path}/tasks")
    if unreadable is not None:
        return unreadable
    for place in (f"{path}/mon_groups", f"{path}/tasks"):
        if not os.access(place, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            return f"{place} may not be written (run as root or with CAP_DAC_OVERRIDE, mounted read-write)"
    return None


def has_monitoring(path: str) -> bool:
    """Whether groups can be made that are only monitored."""
    return os.path.isdir(f"{path}/mon_groups") and os.path.isdir(f"{path}/mon_data")


def read_last_status(path: str) -> str:
    """The kernel's words about the last command that failed, in one line; empty if it has none.

    Where a group cannot be made, it adds to what is there.
    """
    try:
        words = read_file(f"{path}/info/last_cmd_status").decode(errors="replace").split("\n")
    except OSError as error:
        return "" if error.errno == errno.ENOENT else os.strerror(error.errno or 0)
    return "; ".join(dict.fromkeys(word for word in map(str.strip, words) if word and word != "ok"))


def _is_whole(mount: Mount) -> bool:
    return mount.filesystem == FILESYSTEM and mount.root == "/"
