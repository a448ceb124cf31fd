"""What moving pages needs of a machine. For `wca doctor`, and before the agent starts."""

from __future__ import annotations

from wca_core.host import Host
from wca_core.linux.capabilities import Capability
from wca_core.model.requirement import Requirement
from wca_core.needs import capability, host_processes, visible_processes

LOST = "migrate_pages"
OF_OTHERS = f"{LOST} of processes of other users"


def needs(*, moves_pages: bool) -> list[Requirement]:
    """`moves_pages`: whether the allocator asks for that."""
    option = "" if moves_pages else "migrate_pages"
    return [
        several_nodes(),
        capability(Capability.SYS_NICE, "to move pages of others, and shared ones", OF_OTHERS, option),
        capability(Capability.SYS_PTRACE, "to move pages of processes of other users", OF_OTHERS, option),
        host_processes(LOST, option),
        visible_processes(OF_OTHERS, option),
    ]


def several_nodes() -> Requirement:
    return Requirement(
        need="more than one NUMA node that has CPUs and memory",
        is_met=lambda host: _nodes(host) > 1,
        found=lambda host: f"{_nodes(host)} here",
        cure="nothing to do: on a machine with one node, leave this plugin out",
        required=False,
        lost="any effect: all memory is equally near",
    )


def _nodes(host: Host) -> int:
    platform = host.platform
    return len([node for node, cpus in platform.node_cpus.items() if cpus and node in platform.node_has_memory])
