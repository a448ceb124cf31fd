"""Finds out what the machine is made of, and notices when that changes.

A part that the kernel does not tell, or not as documented, is left out of the `Platform` and
told; only without the list of online CPUs there is none.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

from wca_core.errors import HostError
from wca_core.linux import numa, procfs, topology
from wca_core.linux.cpu_model import CpuModel, cpu_model, read_midr
from wca_core.linux.files import FileSet, OpenFiles
from wca_core.linux.topology import CpuPlace
from wca_core.model.cpu_codenames import CpuCodename, codename_of
from wca_core.model.platform import Platform

log = logging.getLogger("wca.platform")

T = TypeVar("T")


class Inventory:
    """The platform of one machine: read when first asked for, and again after CPUs or nodes came or went."""

    def __init__(
        self, proc: str, sys: str, open_files: OpenFiles, now: Callable[[], float], parts: Mapping[str, object]
    ) -> None:
        self._proc = proc
        self._sys = sys
        self._open_files = open_files
        self._now = now
        self._parts = parts
        self._platform: Platform | None = None
        self._lists: FileSet | None = None
        self._texts: list[bytes] = []
        self._told = ""

    @property
    def platform(self) -> Platform:
        """Raises `HostError` if the online CPUs cannot be read."""
        if self._platform is None:
            with suppress(OSError):
                self._texts = self._listed()
            self._platform = self._read()
        return self._platform

    def check(self) -> None:
        """Read the platform again if the lists of online CPUs and nodes are not what they were: two reads."""
        if self._platform is None:
            return
        try:
            texts = self._listed()
            if texts != self._texts:
                self._platform = self._read()
                self._texts = texts  # read before, so a change meanwhile is seen in the next step
                log.info("CPUs or NUMA nodes came or went: now %s", summary(self._platform))
        except (HostError, OSError) as error:
            if str(error) != self._told:
                self._told = str(error)
                log.warning("what the machine is made of cannot be read again, so it stays as it was: %s", error)

    def close(self) -> None:
        """Let go of open files. May be called twice."""
        if self._lists is not None:
            self._lists.close()
        self._lists = None

    def _listed(self) -> list[bytes]:
        """The texts of the lists of online CPUs and nodes, as far as they exist. Raises `OSError`."""
        if self._lists is None:
            paths = [topology.online_path(self._sys), numa.online_path(self._sys)]
            self._lists = FileSet(self._open_files, [path for path in paths if os.path.exists(path)])
        return self._lists.texts()

    def _read(self) -> Platform:
        return read_platform(self._proc, self._sys, self._now, self._parts)


def read_platform(proc: str, sys: str, now: Callable[[], float], parts: Mapping[str, object]) -> Platform:
    """What the machine is made of. Raises `HostError` if the online CPUs cannot be read."""
    online = topology.read_online(sys)
    nodes: list[int] = _part(lambda: numa.read_nodes(sys), [])
    cpu = _cpu_model(proc, sys, min(online))
    codename = codename_of(cpu.vendor, cpu.family, cpu.number, cpu.stepping)
    return Platform(
        topology=_topology(sys, online),
        offline_cpus=_part(lambda: topology.read_offline(sys, online), frozenset()),
        cpu_kind=_part(lambda: topology.read_kinds(sys, online), {}),
        l3_cpus=_part(lambda: topology.read_l3_cpus(sys, online), {}),
        cpu_model=_name(cpu, codename),
        cpu_model_number=cpu.number,
        cpu_codename=codename,
        cpu_vendor=cpu.vendor,
        cpu_family=cpu.family,
        cpu_stepping=cpu.stepping,
        arch=procfs.read_architecture(proc),
        node_cpus=_part(lambda: numa.read_node_cpus(sys, nodes, online), {}) if nodes else {0: online},
        node_distances=_part(lambda: numa.read_distances(sys, nodes), {}),
        node_has_memory=_part(lambda: numa.read_nodes_with_memory(sys, nodes or [0]), frozenset()),
        node_tiers=_part(lambda: numa.read_tiers(sys), {}),
        swap_enabled=_part(lambda: any(procfs.read_meminfo(proc, ("SwapTotal",)).values()), False),
        parts=parts,
        timestamp=now(),
    )


def summary(platform: Platform) -> str:
    """One line for a log."""
    return (
        f"{platform.sockets} sockets, {platform.cores} cores, {platform.cpus} CPUs, {platform.numa_nodes} NUMA nodes, "
        f"{platform.cpu_model} ({platform.cpu_codename})"
    )


def _topology(sys: str, online: frozenset[int]) -> topology.Topology:
    unknown = [CpuPlace(cpu=cpu) for cpu in online]
    places = _part(lambda: [topology.read_place(sys, cpu) for cpu in sorted(online)], unknown)
    if all(place == CpuPlace(cpu=place.cpu) for place in places):
        log.warning("%s does not tell sockets and cores: one socket, each CPU a core", topology.online_path(sys))
    return topology.arranged(places)


def _cpu_model(proc: str, sys: str, cpu: int) -> CpuModel:
    return cpu_model(_part(lambda: procfs.read_cpuinfo(proc), {}), _part(lambda: read_midr(sys, cpu), None))


def _name(cpu: CpuModel, codename: CpuCodename) -> str:
    """ARM mostly gives no name: `ARM Neoverse N1` then, `ARM 0xd05` for a part that is not in the table."""
    if cpu.name or not cpu.is_arm:
        return cpu.name or "unknown"
    part = f"{cpu.number:#x}" if codename is CpuCodename.UNKNOWN else codename.removeprefix(cpu.vendor).strip()
    return f"{cpu.vendor} {part}"


def _part(read: Callable[[], T], otherwise: T) -> T:
    try:
        return read()
    except HostError as error:
        log.warning("%s; it is left out", error)
        return otherwise
