"""All facts about a machine. What cannot be found out costs only its own fact."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from wca_core.doctor import cgroups, hardware, process
from wca_core.doctor.fact import Fact
from wca_core.host import Host

TOPICS: Mapping[str, Callable[[Host], Fact | None]] = {
    "kernel": hardware.kernel,
    "cpu": hardware.cpu,
    "numa": hardware.numa,
    "swap": hardware.swap,
    "clock": hardware.clock,
    "cgroups": cgroups.hierarchies,
    "controllers": cgroups.controllers,
    "delegation": cgroups.delegation,
    "pressure": hardware.pressure,
    "resctrl": hardware.resctrl,
    "privileges": process.privileges,
    "perf": process.perf,
    "open-files": process.open_files,
    "namespaces": process.namespaces,
    "lock": process.lock,
}
"""In the order in which they are told; a function gives None where its topic has no meaning."""


def facts(host: Host) -> list[Fact]:
    """Never raises."""
    return [*_all(host)]


def _all(host: Host) -> Iterator[Fact]:
    for topic, ask in TOPICS.items():
        try:
            fact = ask(host)
        except Exception as error:  # noqa: BLE001  a strange machine must not keep the rest from being told
            fact = Fact(topic=topic, text=f"could not be found out: {type(error).__name__}: {error}")
        if fact is not None:
            yield fact
