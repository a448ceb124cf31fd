"""The CPUs of a machine as far as their counters go: which they are, and which PMUs they have."""

from __future__ import annotations

import os
from dataclasses import dataclass

from wca_core.host import Host
from wca_core.linux.sysfs import read_number
from wca_core.model.cpu_codenames import CpuCodename
from wca_core.model.platform import Platform
from wca_rdt.perf.models import GENERAL_COUNTERS
from wca_rdt.perf.pmu import Pmu, devices, read_names, read_pmu


@dataclass(frozen=True, slots=True)
class Processor:
    """The CPUs of one machine."""

    platform: Platform
    pmus: tuple[Pmu, ...] = ()
    """Of the cores: one, on a hybrid machine one for each kind of core, none where there is no PMU."""
    watchdog: bool = False
    """The NMI watchdog occupies a counter."""

    @property
    def codename(self) -> CpuCodename:
        return self.platform.cpu_codename

    @property
    def is_hybrid(self) -> bool:
        return len(self.pmus) > 1

    @property
    def general_counters(self) -> int | None:
        """Of one CPU, as far as is known, less the one of the watchdog."""
        known = GENERAL_COUNTERS.get(self.codename)
        return known and known[0 if self.platform.smt_active else 1] - self.watchdog

    def __str__(self) -> str:
        of = self.platform
        numbers = f"family {of.cpu_family}, model {of.cpu_model_number}, stepping {of.cpu_stepping}"
        return f"{of.cpu_model} ({of.cpu_vendor}, {numbers}; {self.codename})"


def read_processor(host: Host) -> Processor:
    """Raises `HostError`."""
    directory = devices(host.sys)
    names = [name for name in read_names(host.sys) if name == "cpu" or os.path.exists(f"{directory}/{name}/cpus")]
    found = (read_pmu(host.sys, name) for name in names)
    return Processor(host.platform, tuple(pmu for pmu in found if pmu is not None), has_watchdog(host.proc))


def has_watchdog(proc: str) -> bool:
    """Whether the NMI watchdog runs, which needs a counter of each CPU."""
    return read_number(f"{proc}/sys/kernel/nmi_watchdog") == 1
