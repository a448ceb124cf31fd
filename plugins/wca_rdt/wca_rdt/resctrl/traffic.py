"""What a group had moved when it was removed: the number of its control group is smaller by that from then on.

The kernel answers for a control group with the sum over it and its monitoring groups that are there
(`mon_event_count` of fs/resctrl/monitor.c), so it falls whenever one of them goes.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TypeAlias

from wca_core.linux.files import read_file
from wca_rdt.resctrl.information import TOTAL, domains_in
from wca_rdt.resctrl.values import parse_reading

Traffic: TypeAlias = dict[int, int]
"""Bytes by L3 cache."""


def read_traffic(directory: str) -> Traffic:
    """Of a group, until now. Never raises: what cannot be read is left out."""
    found: Traffic = {}
    with suppress(OSError):
        for domain, name in domains_in(f"{directory}/mon_data"):
            with suppress(OSError):
                reading = parse_reading(read_file(f"{directory}/mon_data/{name}/{TOTAL}"))
                if isinstance(reading, int):
                    found[domain] = reading
    return found


class Removed:
    """What removed groups had moved, by control group, until somebody takes it."""

    __slots__ = ("_by_control",)

    def __init__(self) -> None:
        self._by_control: dict[str, Traffic] = {}

    def add(self, control: str, traffic: Traffic) -> None:
        known = self._by_control.setdefault(control, {})
        for domain, moved in traffic.items():
            known[domain] = known.get(domain, 0) + moved

    def take(self) -> dict[str, Traffic]:
        """All since the last time."""
        taken, self._by_control = self._by_control, {}
        return taken
