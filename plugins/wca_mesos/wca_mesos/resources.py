"""Resources of Mesos tasks and executors: sums by name, `mem` and `disk` in bytes.

Mesos tells one resource several times where parts of it are reserved, for several roles. Ports and the like, which are
ranges and sets, are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wca_core.net.untrusted import items, mapping, number, shown

MEGABYTE = 1e6
SIZES = frozenset({"mem", "disk"})
"""Told in megabytes."""


def resources_of(document: object) -> dict[str, float]:
    """The resources in the list of a task or an executor."""
    return added(_scalars(document))


def added(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The sum of each resource over all that have it."""
    sums: dict[str, float] = {}
    for part in parts:
        for name, value in part.items():
            sums[name] = sums.get(name, 0.0) + value
    return sums


def _scalars(document: object) -> Iterable[Mapping[str, float]]:
    for resource in map(mapping, items(document)):
        name = shown(resource.get("name"))
        told = number(mapping(resource.get("scalar")).get("value"))
        value = None if told is None else number(told * MEGABYTE if name in SIZES else told)
        if name and value is not None and resource.get("type") == "SCALAR":
            yield {name: value}
