"""Needs that many plugins have: a file of the kernel, a capability, sight of the host's processes.

Each gives a `Requirement`, none of which is required.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from wca_core.host import Host
from wca_core.linux.capabilities import Capability, read_privileges
from wca_core.linux.files import open_file
from wca_core.linux.mounts import read_mounts
from wca_core.linux.namespaces import is_own
from wca_core.model.requirement import Requirement

FILES_OF_A_TASK = 23
"""That are kept open for a task of one cgroup: on v1 by `cgroup` alone, on v2 by `cgroup` and `psi`."""

PID_NAMESPACE_CURE = "hostPID: true in the pod, or --pid=host for the container"
PRESSURE_CURE = "boot with psi=1; if it is still missing, a kernel built with CONFIG_PSI=y"

SHOWN = frozenset({"hidepid=0", "hidepid=off"})
"""How a mount of /proc may spell that all processes are visible."""


def kernel_file(path_on: Callable[[Host], str], need: str, cure: str, lost: str, only_with: str = "") -> Requirement:
    """A file that the kernel offers and that may be read; what it gives is all that is lost without."""
    return Requirement(
        need=need,
        is_met=lambda host: why_unreadable(path_on(host)) is None,
        found=lambda host: why_unreadable(path_on(host)) or "",
        cure=cure,
        required=False,
        lost=lost,
        only_with=only_with,
    )


def capability(wanted: Capability, purpose: str, lost: str, only_with: str = "") -> Requirement:
    """A capability of this process; `purpose` goes on after its name: `to see ...`."""
    return Requirement(
        need=f"{wanted} {purpose}",
        is_met=lambda host: read_privileges(host.proc).has(wanted),
        found=partial(_why_not_in_force, wanted),
        cure=f"AmbientCapabilities={wanted} in the systemd unit, "
        f"or capabilities: {{add: [{wanted.name}]}} in the container, or run as root",
        required=False,
        lost=lost,
        only_with=only_with,
    )


def host_processes(lost: str, only_with: str = "") -> Requirement:
    """The host's PID namespace: in another one, cgroups do not name their processes."""
    return Requirement(
        need="the PID namespace of the host, in which cgroups name their processes",
        is_met=lambda host: is_own(host.proc, "pid") is not True,
        found=lambda host: "this is a container with one of its own",
        cure=PID_NAMESPACE_CURE,
        required=False,
        lost=lost,
        only_with=only_with,
    )


def visible_processes(lost: str, only_with: str = "") -> Requirement:
    """A /proc that does not hide the processes of other users."""
    return Requirement(
        need="a /proc that shows the processes of all users, or CAP_SYS_PTRACE",
        is_met=lambda host: not _hiding(host) or why_unreadable(f"{host.proc}/1/stat") is None,
        found=lambda host: f"it is mounted with {_hiding(host)}",
        cure="mount -o remount,hidepid=0 /proc",
        required=False,
        lost=lost,
        only_with=only_with,
    )


def why_unreadable(path: str) -> str | None:
    """Why the beginning of a file cannot be read; None if it can. Looks, as access(2) leaves capabilities out."""
    try:
        descriptor = open_file(path)
    except OSError as error:
        return f"{path}: {error.strerror}"
    try:
        os.read(descriptor, 1)
    except OSError as error:
        return f"{path}: {error.strerror}"
    finally:
        os.close(descriptor)
    return None


def _why_not_in_force(wanted: Capability, host: Host) -> str:
    privileges = read_privileges(host.proc)
    if privileges.bounding and not privileges.bounding >> wanted & 1:
        return "it is not in the bounding set, so this process cannot get it"
    return f"uid {os.geteuid()} does not have it"


def _hiding(host: Host) -> str:
    """The option of the mount that hides processes; empty if none does."""
    options = {
        option
        for mount in read_mounts(host.root, host.proc)
        if mount.filesystem == "proc" and mount.point == "/proc"
        for option in mount.super_options | mount.options
    }
    return next((option for option in sorted(options - SHOWN) if option.startswith("hidepid=")), "")
