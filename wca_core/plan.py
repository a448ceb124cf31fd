"""What an agent is made of: which plugin is called for what, how often, with which labels."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from wca_core import __version__
from wca_core.agent import Agent
from wca_core.allocation_configuration import AllocationConfiguration
from wca_core.dispatch import HOOKS, STREAMS, Binding
from wca_core.errors import ConfigurationError
from wca_core.hookspecs import Stream
from wca_core.host import Host
from wca_core.labelling import TaskLabelGenerator
from wca_core.linux.files import OpenFiles, raise_open_files_limit
from wca_core.loop import run_steps
from wca_core.model.task_class import TaskClassRule
from wca_core.plugin_api import hooks_of
from wca_core.registry import PLUGINS, Registry
from wca_core.settings import AllocationSettings

log = logging.getLogger("wca.plan")

CONTROLS = ("cgroup-control",)
"""Plugs themselves in where something allocates."""
OWN_PACKAGE = "wca-core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an agent is made of."""

    bindings: tuple[Binding, ...]
    interval: float | None = 1.0
    extra_labels: Mapping[str, str] = field(default_factory=dict)
    label_generators: Mapping[str, TaskLabelGenerator] = field(default_factory=dict)
    allocation_configuration: AllocationConfiguration | None = None
    allocation: AllocationSettings = field(default_factory=AllocationSettings)
    max_open_files: int | None = None
    """That stay open; None: half of the limit."""
    task_classes: tuple[TaskClassRule, ...] = ()

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What is stored in each step."""
        hooks = {hook for binding in self.bindings for hook in binding.hooks}
        if "allocate" in hooks:
            return "metrics", "anomalies", "allocations"
        return ("metrics", "anomalies") if "detect" in hooks else ("metrics",)

    @property
    def dry(self) -> Plan:
        """The same without a write."""
        return replace(self, allocation=replace(self.allocation, dry_run=True))

    def run(self, host: Host, count: int | None = None) -> int:
        """Run until the count of steps is reached or a signal comes; the exit code of the process.

        Raises `StartError`, `PluginError`, `TooManyFailures`.
        """
        agent = self.agent(host)
        names = ", ".join(binding.name for binding in self.bindings)
        log.info("wca %s steps every %g s with %s", __version__, self.interval or 0, names)
        run_steps(agent, self.interval, count)
        return agent.exit_code

    def agent(self, host: Host) -> Agent:
        """The agent that is planned, for this host, which gets its labels. Raises `PluginError`."""
        raise_open_files_limit()
        if self.max_open_files is not None:
            host.open_files = OpenFiles(self.max_open_files)
        host.allocation_configuration = self.allocation_configuration
        host.extra_labels = {**host.extra_labels, **self.extra_labels}
        host.task_classes = self.task_classes
        return Agent(self.bindings, host, self.label_generators, self.allocation, self._default_journal)

    @property
    def _default_journal(self) -> str | None:
        """None for an agent that allocates nothing."""
        if "allocations" not in self.streams:
            return None
        from wca_core.journal import default_journal_path

        return default_journal_path()


class Plugged:
    """Bindings in the making: an object that stands in two roles is one binding with both."""

    def __init__(self, registry: Registry, bindings: Iterable[Binding] = ()) -> None:
        self._registry = registry
        self._bindings = list(bindings)

    @property
    def bindings(self) -> tuple[Binding, ...]:
        return tuple(self._bindings)

    @property
    def allocates(self) -> bool:
        return any("allocate" in binding.hooks for binding in self._bindings)

    def has(self, cls: type) -> bool:
        """Whether a plugin of this class is there."""
        return any(type(binding.plugin) is cls for binding in self._bindings)

    def add(self, plugin: object, role: str, hook: str, streams: Iterable[Stream] = ()) -> None:
        """Call a plugin for one hook. Raises `ConfigurationError` if it does not have it."""
        plugin = self._registry.as_plugin(plugin)
        if hook not in hooks_of(type(plugin)):
            raise ConfigurationError(f"{role}: a plugin with the hook {hook} expected, found {type(plugin).__name__}")
        self._bind(plugin, frozenset({hook}), frozenset(streams))

    def add_storage(self, storage: object, role: str, stream: Stream) -> None:
        """A storage for one stream; None: one log storage on standard error for all such streams."""
        if storage is not None:
            self.add(storage, role, "store", [stream])
            if "collect_metrics" in hooks_of(type(storage)):
                self.add(storage, role, "collect_metrics")  # what it tells of its own work
            return
        shared = next((binding for binding in self._bindings if binding.is_default), None)
        self.add(shared.plugin if shared else self._registry.load("log")(), role, "store", [stream])
        self._bindings[-1].is_default |= shared is None

    def add_whole(self, plugin: object, name: str | None = None, *, is_default: bool = False) -> None:
        """Call a plugin for all hooks it has, and store all streams with it. `name`: else that of its class."""
        plugin = self._registry.as_plugin(plugin)
        hooks = hooks_of(type(plugin)) & HOOKS
        self._bind(plugin, hooks, STREAMS if "store" in hooks else frozenset(), name)
        self._bindings[-1].is_default |= is_default

    def add_instead(self, plugin: object, name: str) -> None:
        """Call a plugin for all hooks it has, instead of one of the same class that nobody configured."""
        self._bindings = [binding for binding in self._bindings if type(binding.plugin) is not type(plugin)]
        self.add_whole(plugin, name)

    def add_planners(self) -> None:
        """What plans writes: the built-in control of cgroups, and what does so in the packages of the plugins here.

        They are called for nothing else: nobody asked them to measure.
        """
        packages = {package for binding in self._bindings for package in self._packages_of(type(binding.plugin))}
        for offer in self._registry.offers:
            is_near = offer.name in CONTROLS or (offer.package in packages and offer.package != OWN_PACKAGE)
            if offer.group == PLUGINS and is_near and not any(map(offer.is_of, self._classes)):
                cls = self._registry.load(offer.name)
                if "plan_writes" in hooks_of(cls):
                    self._bind(cls(), frozenset(), frozenset(), offer.name)

    @property
    def _classes(self) -> list[type]:
        return [type(binding.plugin) for binding in self._bindings]

    def _packages_of(self, cls: type) -> Iterable[str]:
        return (offer.package for offer in self._registry.offers if offer.is_of(cls))

    def _bind(self, plugin: object, hooks: frozenset[str], streams: frozenset[Stream], name: str | None = None) -> None:
        for binding in self._bindings:
            if binding.plugin is plugin:
                binding.hooks |= hooks
                binding.streams |= streams
                return
        free = self._free_name(name or self._registry.name_of(type(plugin)))
        self._bindings.append(Binding(name=free, plugin=plugin, hooks=hooks, streams=streams))

    def _free_name(self, name: str) -> str:
        taken = {binding.name for binding in self._bindings}
        numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
        return name if name not in taken else next(one for one in numbered if one not in taken)
