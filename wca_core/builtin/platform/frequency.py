"""How fast each CPU runs now: `cpufreq`, or `/proc/cpuinfo` where there is none."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from wca_core.builtin.platform.source import series_of
from wca_core.host import Host
from wca_core.linux.procfs import read_cpu_frequencies
from wca_core.model.metric import Block, Metric, gauge
from wca_core.model.platform import Platform

CPU_FREQUENCY = Metric(
    "platform_cpu_frequency_hertz",
    "Frequency of the CPU; an estimate on some machines.",
    gauge,
    unit="hertz",
    levels=("cpu",),
)


class CpuFrequency:
    """The frequency of each online CPU that tells it."""

    metrics = (CPU_FREQUENCY,)

    def __init__(self) -> None:
        self._cpus: list[int] = []
        self._proc = ""

    def paths(self, host: Host, platform: Platform) -> list[str]:
        self._proc = host.proc
        cpus = f"{host.sys}/devices/system/cpu"
        paths = {cpu: f"{cpus}/cpu{cpu}/cpufreq/scaling_cur_freq" for cpu in platform.online_cpus}
        self._cpus = [cpu for cpu, path in paths.items() if os.path.exists(path)]
        return [paths[cpu] for cpu in self._cpus]

    def blocks(self, texts: Sequence[bytes]) -> Iterator[Block]:
        frequencies: Mapping[int, float] = {
            cpu: int(text) * 1000 for cpu, text in zip(self._cpus, texts, strict=True) if text.strip().isdigit()
        }  # some drivers answer "<unknown>"
        if not self._cpus:
            frequencies = read_cpu_frequencies(self._proc)
        yield Block(series_of(CPU_FREQUENCY, tuple(frequencies)), [*frequencies.values()])
