"""How amounts become what files hold on this machine, as far as it is the same for all tasks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from wca_core.allocation_configuration import AllocationConfiguration
from wca_core.builtin.cgroup_control.weights import Formula
from wca_core.enforcement.tolerance import sensitivity_of
from wca_core.errors import HostError
from wca_core.host import Host
from wca_core.linux.procfs import read_meminfo
from wca_core.model.allocation import AllocationType


@dataclass(frozen=True, slots=True)
class Units:
    """Made anew when a CPU or a node comes or goes."""

    cpus: frozenset[int]
    """Online."""
    memory_nodes: frozenset[int]
    memory: int
    """Of the whole machine [bytes]."""
    period: int = 1000
    """Of a CPU quota [us]."""
    shares: int = 1000
    """Of a task with `cpu_shares` 1.0."""
    formula: Formula = "quadratic"
    sensitivities: Mapping[AllocationType, float] = field(default_factory=dict)

    def sensitivity(self, type: AllocationType) -> float:
        return sensitivity_of(type, self.sensitivities)


def whole(amount: float) -> int:
    """Rounded down, except where a float lost the last bit of a whole number: 1.001 * 1000 is 1001.

    So what a wish came to is written just so when it is counted back.
    """
    nearest = round(amount)
    return nearest if math.isclose(amount, nearest, rel_tol=1e-12, abs_tol=1e-9) else int(amount)


def units_of(host: Host, formula: Formula) -> Units:
    """Raises `HostError` if the online CPUs cannot be read."""
    platform = host.platform
    configured = host.allocation_configuration or AllocationConfiguration()
    return Units(
        cpus=frozenset(platform.online_cpus),
        memory_nodes=platform.node_has_memory or frozenset({0}),
        memory=_memory(host),
        period=int(configured.cpu_quota_period),
        shares=int(configured.cpu_shares_unit),
        formula=formula,
        sensitivities=configured.value_change_sensitivity,
    )


def _memory(host: Host) -> int:
    total = read_meminfo(host.proc, ("MemTotal",))
    if "MemTotal" not in total:
        raise HostError(f"{host.proc}/meminfo: MemTotal expected, found none")
    return total["MemTotal"]
