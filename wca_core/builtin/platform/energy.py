"""Energy that sockets have used since the agent started."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from wca_core.builtin.platform.source import series_of
from wca_core.host import Clock, Host, SystemClock
from wca_core.linux.powercap import Zone, grown, read_zones
from wca_core.model.metric import Block, Metric, counter
from wca_core.model.platform import Platform

log = logging.getLogger("wca.platform")

ENERGY = Metric(
    "platform_energy_joules",
    "Energy used since the agent started (RAPL).",
    counter,
    unit="joules",
    levels=("socket", "domain"),
)

LONGEST_INTERVAL = 30.0
"""Seconds; some counters start again within a minute under full load, and twice cannot be told from once."""


class Energy:
    """Counters of energy, which start again at 0 every now and then, made into one that does not.

    What a socket used that went away stays in the sums, until the agent ends.
    """

    metrics = (ENERGY,)

    def __init__(self) -> None:
        self._clock: Clock = SystemClock()
        self._zones: list[Zone] = []
        self._last: dict[Zone, int] = {}
        self._used: dict[tuple[str, str], int] = {}
        self._read_at: float | None = None
        self._told = False

    def paths(self, host: Host, platform: Platform) -> list[str]:
        self._clock = host.clock
        self._zones = read_zones(host.sys)
        return [zone.energy_path for zone in self._zones]

    def blocks(self, texts: Sequence[bytes]) -> Iterator[Block]:
        self._check_interval(self._clock.monotonic())
        for zone, text in zip(self._zones, texts, strict=True):
            now, place = int(text), (zone.socket, zone.domain)
            self._used[place] = self._used.get(place, 0) + grown(self._last.get(zone, now), now, zone.range)
            self._last[zone] = now
        for socket, domain in dict.fromkeys((zone.socket, zone.domain) for zone in self._zones):
            yield Block(series_of(ENERGY, (socket,), (domain,)), [self._used[socket, domain] / 1e6])

    def _check_interval(self, now: float) -> None:
        passed = 0.0 if self._read_at is None else now - self._read_at
        self._read_at = now
        if passed > LONGEST_INTERVAL and self._zones and not self._told:
            self._told = True
            log.warning("%s may be too low: within %.0f s its counters may start again twice", ENERGY.name, passed)
