"""What memory management of the machine and of each NUMA node counts."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from wca_core.builtin.complaints import Complaints
from wca_core.builtin.number_file import NumberFile
from wca_core.config.field_types import Regexp
from wca_core.host import Host
from wca_core.linux.sysfs import numbered
from wca_core.linux.vmstat import parse_vmstat
from wca_core.model.metric import Block, Metric, Series, counter
from wca_core.model.platform import Platform
from wca_core.model.requirement import Requirement
from wca_core.plugin_api import hookimpl, plugin

log = logging.getLogger("wca.vmstat")

FIXED = {
    "numa_pages_migrated": Metric(
        "platform_vmstat_numa_pages_migrated", "Pages moved between nodes by NUMA balancing.", counter
    ),
    "pgmigrate_success": Metric("platform_vmstat_pgmigrate_success", "Pages migrated for whatever reason.", counter),
    "pgmigrate_fail": Metric("platform_vmstat_pgmigrate_fail", "Pages that could not be migrated.", counter),
    "numa_hint_faults": Metric(
        "platform_vmstat_numa_hint_faults", "Page faults by which NUMA balancing samples accesses.", counter
    ),
    "numa_hint_faults_local": Metric(
        "platform_vmstat_numa_hint_faults_local", "Those of the hinting faults whose page was on the own node.", counter
    ),
    "pgfault": Metric("platform_vmstat_pgfaults", "Page faults, minor and major.", counter),
}
"""By key: measured whatever `vmstat` says."""
VMSTAT = Metric(
    "platform_vmstat",
    "Each field of /proc/vmstat; many of them (nr_*) are sizes that may fall, though the type is counter.",
    counter,
    levels=("key",),
)
NODE_VMSTAT = Metric(
    "platform_node_vmstat",
    "Each field of vmstat of a NUMA node; most are sizes that may fall, though the type is counter.",
    counter,
    levels=("numa_node", "key"),
)


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Vmstat:
    """Counters and sizes of memory management, of the machine and of each NUMA node."""

    tells_its_lacks = True
    vmstat: bool | Regexp = True
    """Which keys beside the six that are always measured: all, none, or those matched from their start."""

    _machine: NumberFile[str] | None = field(default=None, init=False, repr=False)
    _nodes: dict[int, NumberFile[str]] = field(default_factory=dict, init=False, repr=False)
    _platform: Platform | None = field(default=None, init=False, repr=False)
    """When the nodes were looked for."""
    _complaints: Complaints = field(default_factory=lambda: Complaints(log), init=False, repr=False)

    @hookimpl
    def describe_metrics(self) -> list[Metric]:
        return [*FIXED.values(), VMSTAT, NODE_VMSTAT]

    @hookimpl
    def requirements(self) -> list[Requirement]:
        from wca_core.needs import kernel_file  # what it looks at is not needed to start

        return [
            kernel_file(
                lambda host: f"{host.proc}/vmstat",
                "/proc/vmstat",
                "mount -t proc proc /proc",
                "platform_vmstat*, platform_node_vmstat",
            ),
            kernel_file(
                lambda host: f"{host.sys}/devices/system/node/online",
                "the NUMA nodes of the kernel",
                "a kernel built with CONFIG_NUMA=y",
                "platform_node_vmstat",
                only_with="vmstat" if self.vmstat is False else "",
            ),
        ]

    @hookimpl
    def collect_metrics(self, host: Host) -> Iterator[Block]:
        if self._machine is None:
            self._machine = NumberFile(host, f"{host.proc}/vmstat", parse_vmstat, self._series)
        yield from self._read(self._machine)
        if self.vmstat is not False:
            self._look_for_nodes(host)
            for file in self._nodes.values():
                yield from self._read(file)

    @hookimpl
    def stop(self) -> None:
        for file in (self._machine, *self._nodes.values()):
            if file is not None:
                file.close()

    def _read(self, file: NumberFile[str]) -> Iterator[Block]:
        """The block of a file, unless it cannot be read."""
        try:
            yield file.block()
        except (OSError, ValueError) as error:
            file.close()
            self._complaints.tell(logging.WARNING, "unreadable", "vmstat", f"{file.path}: cannot be read: {error}")

    def _look_for_nodes(self, host: Host) -> None:
        """Nodes come and go with memory that is plugged in and out; the platform is then another."""
        platform = host.platform_if_known
        if platform is not None and platform is self._platform:
            return
        self._platform = platform
        found = numbered(f"{host.sys}/devices/system/node", "node")
        if not found:
            self._complaints.tell(logging.INFO, "missing", "node", "the kernel tells of no NUMA nodes")
        for gone in self._nodes.keys() - found.keys():
            self._nodes.pop(gone).close()
        for node, path in found.items():
            if node not in self._nodes:
                self._nodes[node] = NumberFile(
                    host, f"{path}/vmstat", parse_vmstat, partial(self._series_of_node, node)
                )

    def _series(self, key: str) -> Iterator[Series]:
        if key in FIXED:
            yield FIXED[key].series()
        if self._is_wanted(key):
            yield VMSTAT.series(key=key)

    def _series_of_node(self, node: int, key: str) -> Iterator[Series]:
        if self._is_wanted(key):
            yield NODE_VMSTAT.series(numa_node=node, key=key)

    def _is_wanted(self, key: str) -> bool:
        return self.vmstat if isinstance(self.vmstat, bool) else re.match(self.vmstat, key) is not None
