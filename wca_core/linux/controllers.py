"""Which cgroup controllers the kernel has, and which cgroups have them: `/proc/cgroups`, cgroups(7).

#subsys_name	hierarchy	num_cgroups	enabled
memory	4	1023	1
"""

from __future__ import annotations

from wca_core.linux.files import read_file, read_text
from wca_core.linux.sysfs import read_attribute


def parse_controllers(text: str) -> dict[str, bool]:
    """The controllers compiled in, and whether each is enabled (boot parameter `cgroup_disable`)."""
    rows = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {row[0]: row[3] != "0" for row in rows if len(row) == 4}


def read_controllers(proc: str) -> dict[str, bool]:
    """As `parse_controllers`: by their names on v1, where `io` is called `blkio`. Raises `HostError`."""
    return parse_controllers(read_text(f"{proc}/cgroups"))


def offered(directory: str) -> frozenset[str]:
    """The controllers that a cgroup of v2 has. Raises `HostError`."""
    return frozenset((read_attribute(f"{directory}/cgroup.controllers") or "").split())


def passed_on(directory: str) -> frozenset[str]:
    """The controllers that a cgroup of v2 gives to those directly below. Raises `HostError`."""
    return frozenset((read_attribute(f"{directory}/cgroup.subtree_control") or "").split())


def has_processes(directory: str) -> bool:
    """Whether a cgroup holds processes directly; false if it is gone or, being threaded, does not tell."""
    try:
        return bool(read_file(f"{directory}/cgroup.procs"))
    except OSError:
        return False
