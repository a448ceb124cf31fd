"""What tasks named in the configuration need of a machine: their cgroups."""

from __future__ import annotations

from wca_core.builtin.static_listing import NEEDED_V1, NEEDED_V2, Children, Listing
from wca_core.host import Host
from wca_core.model.requirement import Requirement


def cgroup_of(name: str) -> Requirement:
    """The need of one task, named as in `tasks`."""
    parent, _, child = ("/" + name.strip("/")).rpartition("/")

    def lack(host: Host) -> str:
        return Children(parent, Listing.of(host, parent), frozenset()).lack(child) or ""

    return Requirement(
        need=f"the cgroup of task {name}",
        is_met=lambda host: lack(host) == "",
        found=lack,
        cure=lambda host: _cure(host, parent, child),
        required=False,
        lost=f"task {name}",
    )


def _cure(host: Host, parent: str, child: str) -> str:
    """Commands that make the cgroup."""
    unified = host.hierarchies.unified
    if host.hierarchies.v1 or unified is None:
        found = (host.cgroup_directory(controller, f"{parent}/{child}") for controller in NEEDED_V1)
        directories = dict.fromkeys(directory for directory in found if directory)
        return f"mkdir -p {' '.join(directories)}"
    controllers = " ".join(f"+{controller}" for controller in sorted(NEEDED_V2))
    above = unified.at(parent)
    return f"mkdir -p {above}/{child} && echo '{controllers}' > {above}/cgroup.subtree_control"
