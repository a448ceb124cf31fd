"""What changing cgroups needs of a machine."""

from __future__ import annotations

from wca_core.host import Host
from wca_core.linux.capabilities import Capability
from wca_core.linux.mounts import read_mounts
from wca_core.model.requirement import Requirement
from wca_core.needs import capability

CONTROLLERS = ("cpu", "cpuset", "memory")


def needs() -> list[Requirement]:
    return [
        Requirement(
            need="cgroups that can be written",
            is_met=lambda host: not _read_only(host),
            found=lambda host: f"{', '.join(_read_only(host))} is mounted read-only",
            cure="mount -o remount,rw PATH; in a container a hostPath of /sys/fs/cgroup that is not readOnly, "
            "in a systemd unit ReadWritePaths=/sys/fs/cgroup",
            lost="allocations of CPU and memory",
        ),
        Requirement(
            need="the controllers cpu, cpuset and memory",
            is_met=lambda host: not _absent(host),
            found=lambda host: f"{', '.join(_absent(host))}: nowhere mounted, nor enabled",
            cure="echo '+cpu +cpuset +memory' > /sys/fs/cgroup/cgroup.subtree_control, and in each parent of tasks",
            required=False,
            lost="allocations of their resources",
        ),
        capability(Capability.DAC_OVERRIDE, "to write files of cgroups that others own", "allocations to such cgroups"),
    ]


def _absent(host: Host) -> list[str]:
    return [controller for controller in CONTROLLERS if host.hierarchies.tree(controller) is None]


def _read_only(host: Host) -> list[str]:
    """The mount points of the trees."""
    trees = {tree.directory for name in CONTROLLERS if (tree := host.hierarchies.tree(name)) is not None}
    mounts = read_mounts(host.root, host.proc)
    return sorted(mount.point for mount in mounts if mount.is_read_only and host.path(mount.point) in trees)
