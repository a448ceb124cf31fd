"""The user's own codes of events: a file that says, for a metric and a CPU, what to count.

task_l2_misses:
- {match: {vendor: GenuineIntel, family: 6, model: 0x8F}, event: 0x24, umask: 0x3f}
- {match: {vendor: AuthenticAMD}, event: 0x64, umask: 0x09}

Or a folder with the lists of events that makers of CPUs publish: see `vendor_lists`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from wca_core.config.loader import load_file
from wca_core.config.tree import Mapping as MappingTree
from wca_core.config.tree import Scalar, Sequence, Tree
from wca_core.errors import ConfigurationError
from wca_core.model.platform import Platform
from wca_rdt.perf.events import CORE_PMU
from wca_rdt.perf.vendor_lists import read_vendor_lists

MATCHED = ("vendor", "family", "model", "stepping")
TERMS = ("event", "umask", "cmask", "inv", "edge", "config1")


@dataclass(frozen=True, slots=True)
class Row:
    """One code, and the CPUs for which it is."""

    match: Mapping[str, str | int]
    pmu: str
    terms: Mapping[str, int | None]

    def fits(self, platform: Platform) -> bool:
        found = {
            "vendor": platform.cpu_vendor,
            "family": platform.cpu_family,
            "model": platform.cpu_model_number,
            "stepping": platform.cpu_stepping,
        }
        return all(found[name] == wanted for name, wanted in self.match.items())


@dataclass(frozen=True, slots=True)
class EventMap:
    """By metric; the first row that fits is right."""

    rows: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)

    def row(self, name: str, platform: Platform) -> Row | None:
        return next((row for row in self.rows.get(name, ()) if row.fits(platform)), None)


def read_event_map(path: str, platform: Platform) -> EventMap:
    """Of a file all rows, of a folder those for these CPUs. Raises `ConfigurationError` with file and line."""
    if os.path.isdir(path):
        found = read_vendor_lists(path, platform)
        return EventMap({name: (Row({}, CORE_PMU, terms),) for name, terms in found.items()})
    tree = load_file(path)
    if not isinstance(tree, MappingTree):
        raise ConfigurationError(f"{tree.place}: metrics and their codes expected")
    return EventMap({str(name): tuple(map(_row, _items(part))) for name, part in tree.entries.items()})


def _items(tree: Tree) -> list[Tree]:
    if not isinstance(tree, Sequence):
        raise ConfigurationError(f"{tree.place}: a list of codes expected")
    return tree.items


def _row(tree: Tree) -> Row:
    entries = _entries(tree, ("match", "pmu", *TERMS))
    match = {name: _value(part) for name, part in _entries(entries.pop("match", None), MATCHED).items()}
    pmu = entries.pop("pmu", None)
    terms = {name: _number(part) for name, part in entries.items()}
    return Row(match, CORE_PMU if pmu is None else str(_value(pmu)), terms)


def _entries(tree: Tree | None, known: tuple[str, ...]) -> dict[str, Tree]:
    if tree is None:
        return {}
    if not isinstance(tree, MappingTree):
        raise ConfigurationError(f"{tree.place}: some of {', '.join(known)} expected")
    for name in tree.entries:
        if name not in known:
            raise ConfigurationError(f"{tree.place_of(name)}: {name!r} is none of {', '.join(known)}")
    return {str(name): part for name, part in tree.entries.items()}


def _value(tree: Tree) -> str | int:
    if not isinstance(tree, Scalar) or isinstance(tree.value, bool | float) or tree.value is None:
        raise ConfigurationError(f"{tree.place}: a text or a whole number expected")
    return tree.value


def _number(tree: Tree) -> int:
    if isinstance(tree, Scalar) and isinstance(tree.value, int) and tree.value >= 0:
        return int(tree.value)
    raise ConfigurationError(f"{tree.place}: a whole number of 0 or more expected")
