"""How often and how long CPUs were slowed down because they were too hot: `thermal_throttle`, of Intel only.

The kernel counts for each CPU; those of a core, and those of a socket, all count the same event.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wca_core.builtin.platform.source import series_of
from wca_core.host import Host
from wca_core.model.metric import Block, Metric, Value, counter
from wca_core.model.platform import Platform

THROTTLE_EVENTS = Metric(
    "platform_thermal_throttle_events",
    "Times that cores (sum over the socket) or the socket as a whole were slowed down because of heat.",
    counter,
    levels=("socket", "scope"),
)
THROTTLE_SECONDS = Metric(
    "platform_thermal_throttle_seconds",
    "Time that cores (sum over the socket) or the socket as a whole were slowed down because of heat.",
    counter,
    unit="seconds",
    levels=("socket", "scope"),
)

FILES = {"throttle_count": THROTTLE_EVENTS, "throttle_total_time_ms": THROTTLE_SECONDS}
"""The metrics by the end of the file's name."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One counter, whichever of its CPUs is asked."""

    metric: Metric
    socket: int
    scope: str
    core: int | None


class ThermalThrottle:
    """Counters of each socket. What a core counted before it went offline stays in the sum."""

    metrics = (THROTTLE_EVENTS, THROTTLE_SECONDS)

    def __init__(self) -> None:
        self._counted: list[Counted] = []
        self._highest: dict[Counted, int] = {}

    def paths(self, host: Host, platform: Platform) -> list[str]:
        found = {one: path for one, path in _places(host, platform) if os.path.exists(path)}
        self._counted = [*found]
        return [*found.values()]

    def blocks(self, texts: Sequence[bytes]) -> Iterator[Block]:
        for counted, text in zip(self._counted, texts, strict=True):
            self._highest[counted] = max(int(text), self._highest.get(counted, 0))
        sums: defaultdict[tuple[Metric, str, str], int] = defaultdict(int)
        for counted, count in self._highest.items():
            sums[counted.metric, str(counted.socket), counted.scope] += count
        for (metric, socket, scope), count in sums.items():
            value: Value = count / 1000 if metric is THROTTLE_SECONDS else count
            yield Block(series_of(metric, (socket,), (scope,)), [value])


def _places(host: Host, platform: Platform) -> Iterator[tuple[Counted, str]]:
    """Each counter and the file of the first CPU that has it."""
    cpus = f"{host.sys}/devices/system/cpu"
    for name, metric in FILES.items():
        for socket, cores in platform.topology.items():
            for core, members in cores.items():
                path = f"{cpus}/cpu{members[0]}/thermal_throttle"
                yield Counted(metric, socket, "core", core), f"{path}/core_{name}"
            first = min(members[0] for members in cores.values())
            yield Counted(metric, socket, "package", None), f"{cpus}/cpu{first}/thermal_throttle/package_{name}"
