"""Documented keys of the runners that plugins answer to: `event_names` on a runner is a field of the plugin `perf`.

A plugin claims a key by an entry point of the group `wca.runner_keys`; key and field have the same name. Here
the keys move from the runner to the plugin, as an entry of the runner's `plugins`, before anything is built.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence as Words
from dataclasses import dataclass

from wca_core.config.problems import Problems
from wca_core.config.tree import Mapping, Plain, Scalar, Sequence, Tree

RUNNERS = ("MeasurementRunner", "DetectionRunner", "AllocationRunner")


@dataclass(frozen=True, slots=True)
class Documented:
    """A key that files written for the reference may hold, whether or not its plugin is installed."""

    package: str
    harmless: Collection[object] | None
    """Values that ask for nothing, or for what is left out where it is absent; None: all of them."""
    shared_with: str = ""
    """Another key: who answers to that one is given this value too, if the configuration has that plugin at all."""


ALLOCATION_KEYS = frozenset({"rdt_mb_control_required", "rdt_cache_control_required", "remove_all_resctrl_groups"})
"""Those of an AllocationRunner; all others are of a MeasurementRunner."""

DOCUMENTED = {
    "rdt_enabled": Documented("wca-rdt", (None, False)),
    "event_names": Documented("wca-rdt", (None, ())),
    "perf_aggregate_cpus": Documented("wca-rdt", None),
    "enable_derived_metrics": Documented("wca-rdt", (False,), shared_with="uncore_event_names"),
    "uncore_event_names": Documented("wca-rdt", (None, ())),
    "rdt_mb_control_required": Documented("wca-rdt", (False,)),
    "rdt_cache_control_required": Documented("wca-rdt", (False,)),
    "remove_all_resctrl_groups": Documented("wca-rdt", (False,)),
    "gather_hw_mm_topology": Documented("wca-core", (None, False)),
    "wss_reset_cycles": Documented("wca-core", (None,)),
    "wss_stable_cycles": Documented("wca-core", None),
    "wss_membw_threshold": Documented("wca-core", (None,)),
    "include_optional_labels": Documented("wca-core", (False,)),
    "zoneinfo": Documented("wca-core", (True, False)),
    "vmstat": Documented("wca-core", (True, False)),
    "sched": Documented("wca-core", (False,)),
}


def moved(
    tree: Tree, claims: AbstractMapping[str, Words[str]], problems: Problems, advice: Callable[[str], str]
) -> Tree:
    """The tree with claimed keys moved to their plugins.

    `claims`: by key, the tags that mean the plugin. `advice`: how to get a package.

    A documented key that nobody claims is dropped if its value asks for nothing, else it is an error. The
    tree is changed in place.
    """
    for runner in list(_runners(tree, set())):
        inner = runner.entries.get("measurement_runner")
        measuring = inner if isinstance(inner, Mapping) else runner
        keys = [key for key in runner.entries if key in claims or key in DOCUMENTED]
        for key in keys:
            value, place = runner.entries.pop(key), runner.key_places.pop(key, runner.place)
            if key in claims:
                plugin = _plugin_of(measuring, claims[str(key)])
                if key in plugin.entries:
                    problems.error(place, f"{key}: stands here and among the fields of !{plugin.tag}")
                plugin.entries[key], plugin.key_places[key] = value, place
                for other in _sharers(measuring, str(key), claims, keys):
                    other.key_places.setdefault(key, place)
                    other.entries.setdefault(key, value)
            elif not _is_harmless(value, DOCUMENTED[str(key)].harmless):
                package = DOCUMENTED[str(key)].package
                problems.error(place, f"{key} is part of the package {package} ({advice(package)})")
    return tree


def _runners(tree: Tree, seen: set[int]) -> Iterator[Mapping]:
    if id(tree) in seen or isinstance(tree, Scalar):
        return
    seen.add(id(tree))
    if isinstance(tree, Mapping) and tree.tag in RUNNERS:
        yield tree
    for part in tree.items if isinstance(tree, Sequence) else tree.entries.values():
        yield from _runners(part, seen)


def _sharers(
    runner: Mapping, key: str, claims: AbstractMapping[str, Words[str]], keys: Collection[Plain]
) -> Iterator[Mapping]:
    """The entry of another plugin that is given the value too. `keys`: those that stood on the runner."""
    other = DOCUMENTED[key].shared_with if key in DOCUMENTED else ""
    if other not in claims:
        return
    plugins = runner.entries.get("plugins")
    stands = isinstance(plugins, Sequence) and any(item.tag in claims[other] for item in plugins.items)
    if stands or other in keys:
        yield _plugin_of(runner, claims[other])


def _plugin_of(runner: Mapping, tags: Words[str]) -> Mapping:
    """The entry of a plugin among the runner's `plugins`; a new one if it has none."""
    plugins = runner.entries.setdefault("plugins", Sequence(runner.place, None))
    items = plugins.items if isinstance(plugins, Sequence) else []
    for number, item in enumerate(items):
        if item.tag in tags and isinstance(item, Scalar) and not item.value:
            items[number] = item = Mapping(item.place, item.tag)
        if isinstance(item, Mapping) and item.tag in tags:
            return item
    plugin = Mapping(runner.place, tags[0])
    items.append(plugin)
    return plugin


def _is_harmless(value: Tree, harmless: Collection[object] | None) -> bool:
    found: Plain | tuple[()] = "?"
    if isinstance(value, Sequence) and not value.items:
        found = ()
    elif isinstance(value, Scalar) and not value.tag:
        found = value.value
    return harmless is None or any(found is one or (found == one and type(found) is type(one)) for one in harmless)
