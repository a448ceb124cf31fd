"""The short form: plugins by name, and what nobody named filled in.

| asked for | filled in |
|---|---|
| no discoverer | `local` |
| no storage | `log`, on standard error |
| nothing: neither a file nor `--plugins` | `prometheus`, on 127.0.0.1:9111, and `live`; without both of them `log` |
| a plugin with `allocate` | `cgroup-control`, and what else plans writes in the packages of the plugins named |
| whatever | the built-in collectors, except those left out by `--without` |
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from wca_core.config.tree import Mapping as Fields
from wca_core.config.tree import Place
from wca_core.errors import ConfigurationError
from wca_core.host import Host
from wca_core.plan import Plan, Plugged
from wca_core.plugin_api import hooks_of
from wca_core.registry import Registry
from wca_core.runners import COLLECTORS
from wca_core.settings import AgentSettings

BARE_STORAGES = ("prometheus", "live")
"""Filled in, in this order, if nothing at all was asked for: `live` tells where `prometheus` is."""


@dataclass(eq=False, kw_only=True)
class Combination:
    """A runner made of plugins by name: each is called for all the hooks it has."""

    plugins: Mapping[str, object]
    settings: AgentSettings = field(default_factory=AgentSettings)
    unasked: frozenset[str] = frozenset()
    """The names of those that were filled in."""

    def plan(self, registry: Registry | None = None) -> Plan:
        plugged = Plugged(registry or Registry())
        for name, plugin in self.plugins.items():
            plugged.add_whole(plugin, name, is_default=name in self.unasked)
        if plugged.allocates:
            plugged.add_planners()
        return Plan(
            bindings=plugged.bindings,
            interval=self.settings.interval,
            extra_labels=self.settings.labels,
            label_generators=self.settings.task_label_generators or {},
            allocation_configuration=self.settings.allocation_configuration,
            allocation=self.settings.allocation_settings,
            max_open_files=self.settings.max_open_files,
            task_classes=tuple(self.settings.task_classes),
        )

    def run(self) -> int:
        return self.plan().run(Host())


def filled_in(
    named: Mapping[str, Fields], classes: Mapping[str, type], without: Collection[str], *, is_bare: bool = False
) -> dict[str, Fields]:
    """The fields of all plugins that run, by name; `is_bare`: there is neither a file nor a name of a plugin.

    Raises `ConfigurationError` for a name in `without` that would not run.
    """
    unasked = (*COLLECTORS, *(BARE_STORAGES if is_bare else ()))
    for name in without:
        if name not in unasked and name not in named:
            raise ConfigurationError(f"--without {name}: it would not run; {', '.join(unasked)} would, unasked")
    plugins = {name: fields for name, fields in named.items() if name not in without}
    hooks = {hook for name, cls in classes.items() if name in plugins for hook in hooks_of(cls)}
    missing = [name for name in unasked if name not in without and name not in plugins]
    missing += ["local"] if "discover_tasks" not in hooks else []
    missing += ["log"] if "store" not in hooks and not set(BARE_STORAGES) & set(missing) else []
    return plugins | {name: Fields(Place(f"--plugins {name}"), None) for name in missing}
