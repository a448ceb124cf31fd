"""`/sys/class/powercap`: energy that parts of the machine have used, as the CPUs count it (RAPL).

See Documentation/power/powercap/powercap.rst of the kernel. The same driver serves Intel and AMD.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from wca_core.linux.sysfs import read_attribute, read_number

_ZONE = re.compile(r"intel-rapl:(\d+)(?::\d+)*", re.ASCII)
"""Not `intel-rapl-mmio:*`, which counts the same once more."""
_PACKAGE = re.compile(r"package-(\d+)(?:-die-\d+)?", re.ASCII)

ALL_SOCKETS = "all"


@dataclass(frozen=True, slots=True)
class Zone:
    """One counter of energy."""

    path: str
    """Its directory."""
    socket: str
    """`all` for a counter of the whole board (`psys`)."""
    domain: str
    """`package`, `core`, `uncore`, `dram`, `psys`."""
    range: int
    """The highest value before it starts again at 0 [microjoules]; 0: unknown."""

    @property
    def energy_path(self) -> str:
        return f"{self.path}/energy_uj"


def read_zones(sys: str) -> list[Zone]:
    """The zones in the order of their names. Raises `HostError`."""
    directory = f"{sys}/class/powercap"
    matches = (_ZONE.fullmatch(name) for name in (sorted(os.listdir(directory)) if os.path.isdir(directory) else []))
    found = [_zone(f"{directory}/{match[0]}", f"{directory}/intel-rapl:{match[1]}") for match in matches if match]
    return [zone for zone in found if os.path.exists(zone.energy_path)]


def _zone(path: str, top: str) -> Zone:
    """`top`: the directory of the package that the zone is a part of, or is."""
    name = read_attribute(f"{path}/name") or "unknown"
    package = _PACKAGE.fullmatch(read_attribute(f"{top}/name") or "")
    is_package = _PACKAGE.fullmatch(name) is not None
    return Zone(
        path=path,
        socket=package[1] if package else ALL_SOCKETS,
        domain="package" if is_package else name,
        range=read_number(f"{path}/max_energy_range_uj") or 0,
    )


def grown(old: int, new: int, highest: int) -> int:
    """What a counter that starts again behind its highest value has counted. The same is right for one wrap only.

    Where the highest value is not known, what it counted before it started again is lost.
    """
    if new >= old:
        return new - old
    return new - old + highest + 1 if highest else new
