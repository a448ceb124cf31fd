"""Measures the machine as a whole: what it is made of, its CPUs and its memory."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from wca_core.builtin.platform.cpu import CpuTimes
from wca_core.builtin.platform.energy import Energy
from wca_core.builtin.platform.frequency import CpuFrequency
from wca_core.builtin.platform.memory import Memory, NodeMemory
from wca_core.builtin.platform.sight import sees_the_host
from wca_core.builtin.platform.source import Reading, Source
from wca_core.builtin.platform.thermal import ThermalThrottle
from wca_core.builtin.platform.topology import NumaTopology, Topology
from wca_core.errors import HostError
from wca_core.host import Host
from wca_core.model.metric import Block, Metric, Sample, counter
from wca_core.model.requirement import Requirement
from wca_core.plugin_api import hookimpl, plugin

log = logging.getLogger("wca.platform")

LAST_SEEN = Metric("platform_last_seen", "When the machine was measured.", counter, unit="timestamp")


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class PlatformMetrics:
    """CPUs, memory and NUMA nodes of the machine."""

    tells_its_lacks = True
    cpu_modes: bool = False
    """Also the time of each CPU by mode: ten series for each."""
    numa_topology: bool = False
    """Also the distances between NUMA nodes."""
    energy: bool = False
    """Also the energy that sockets use. Needs root."""
    cpu_frequency: bool = False
    """Also the frequency of each CPU: a file for each."""
    thermal: bool = False
    """Also how often cores and sockets were too hot (Intel): two files for each core."""
    include_optional_labels: bool = False
    """The labels of `wca_information` on every sample, as they were at the start."""

    _readings: list[Reading] = field(init=False, repr=False)
    _is_there: bool = field(default=True, init=False, repr=False)

    def __post_init__(self) -> None:
        self._readings = [Reading(source) for source, is_wanted in self._sources() if is_wanted]

    def _sources(self) -> list[tuple[Source, bool]]:
        """Every source, and whether it is wanted."""
        return [
            (Topology(), True),
            (NumaTopology(distances=self.numa_topology), True),
            (CpuTimes(modes=self.cpu_modes), True),
            (Memory(), True),
            (NodeMemory(), True),
            (Energy(), self.energy),
            (CpuFrequency(), self.cpu_frequency),
            (ThermalThrottle(), self.thermal),
        ]

    @hookimpl
    def describe_metrics(self) -> Iterable[Metric]:
        return [*(metric for source, _ in self._sources() for metric in source.metrics), LAST_SEEN]

    @hookimpl
    def requirements(self) -> Iterable[Requirement]:
        from wca_core.builtin.platform.needs import needs  # what it looks at is not needed to start

        return needs(energy=self.energy, cpu_frequency=self.cpu_frequency, thermal=self.thermal)

    @hookimpl
    def start(self, host: Host) -> None:
        if not sees_the_host(host):
            log.warning("in a container /proc and /sys may show less than the host has (share its PID namespace)")
        try:
            information = host.information
        except HostError as error:  # a plugin that is always there must not keep the agent from measuring tasks
            log.warning("the machine is not measured: %s", error)
            self._is_there = False
            return
        if self.include_optional_labels:
            host.extra_labels = {**information, **host.extra_labels}

    @hookimpl
    def collect_metrics(self, host: Host) -> Iterator[Block | Sample]:
        if not self._is_there:
            return
        platform = host.platform
        for reading in self._readings:
            yield from reading.blocks(host, platform)
        yield LAST_SEEN.sample(host.clock.now())

    @hookimpl
    def stop(self) -> None:
        for reading in self._readings:
            reading.close()
