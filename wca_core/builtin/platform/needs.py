"""What measuring a machine needs of it, and what each source that is off would need."""

from __future__ import annotations

import os

from wca_core.builtin.platform.sight import sees_the_host
from wca_core.host import Host
from wca_core.linux.powercap import read_zones
from wca_core.linux.procfs import read_cpu_frequencies
from wca_core.linux.sysfs import numbered
from wca_core.model.requirement import Requirement
from wca_core.needs import PID_NAMESPACE_CURE, kernel_file, why_unreadable

CPUS = "devices/system/cpu"


def needs(*, energy: bool, cpu_frequency: bool, thermal: bool) -> list[Requirement]:
    """What is asked for; the needs of the rest are those of options that are off."""
    return [
        SIGHT_OF_THE_HOST,
        kernel_file(
            lambda host: f"{host.sys}/{CPUS}/online",
            "the list of online CPUs",
            "mount -t sysfs sysfs /sys",
            "platform_*",
        ),
        _energy("" if energy else "energy"),
        _cpu_frequency("" if cpu_frequency else "cpu_frequency"),
        _thermal("" if thermal else "thermal"),
    ]


SIGHT_OF_THE_HOST = Requirement(
    need="the /proc and /sys of the host: in a container they may show less",
    is_met=sees_the_host,
    cure=PID_NAMESPACE_CURE,
    required=False,
)


def _energy(only_with: str) -> Requirement:
    return Requirement(
        need="energy counters (RAPL) that may be read",
        is_met=lambda host: _why_no_energy(host) == "",
        found=_why_no_energy,
        cure=lambda host: "run as root" if read_zones(host.sys) else "modprobe intel_rapl_msr",
        required=False,
        lost="platform_energy_joules",
        only_with=only_with,
    )


def _why_no_energy(host: Host) -> str:
    zones = read_zones(host.sys)
    if not zones:
        return "the kernel tells of no zone intel-rapl, as in most virtual machines"
    return next((reason for zone in zones if (reason := why_unreadable(zone.energy_path))), "")


def _cpu_frequency(only_with: str) -> Requirement:
    return Requirement(
        need="frequencies of CPUs: cpufreq, or cpu MHz in /proc/cpuinfo",
        is_met=lambda host: _has(host, "cpufreq/scaling_cur_freq") or bool(read_cpu_frequencies(host.proc)),
        cure="a driver of cpufreq for this CPU; few virtual machines have one",
        required=False,
        lost="platform_cpu_frequency_hertz",
        only_with=only_with,
    )


def _thermal(only_with: str) -> Requirement:
    return Requirement(
        need="counters of thermal throttling",
        is_met=lambda host: _has(host, "thermal_throttle"),
        cure="an Intel CPU, not in a virtual machine, and a kernel built with CONFIG_X86_THERMAL_VECTOR=y",
        required=False,
        lost="platform_thermal_throttle_*",
        only_with=only_with,
    )


def _has(host: Host, entry: str) -> bool:
    """Whether some CPU has it."""
    return any(os.path.exists(f"{cpu}/{entry}") for cpu in numbered(f"{host.sys}/{CPUS}", "cpu").values())
