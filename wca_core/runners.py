"""The documented runners: they say what is plugged into the one loop.

| runner | plugged in |
|---|---|
| MeasurementRunner | a node, the built-in collectors, a storage |
| DetectionRunner | a measurement runner, a detector, a storage for anomalies |
| AllocationRunner | a measurement runner, an allocator, storages for anomalies and allocations |
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Protocol

from annotated_types import Ge, Le

from wca_core import __version__
from wca_core.agent import Agent
from wca_core.dispatch import HOOKS, STREAMS, Binding
from wca_core.errors import ConfigurationError
from wca_core.exposition import is_label_name
from wca_core.hookspecs import Stream
from wca_core.host import Host
from wca_core.linux.files import raise_open_files_limit
from wca_core.loop import run_steps
from wca_core.plugin_api import hooks_of
from wca_core.registry import Registry

log = logging.getLogger("wca.runners")

Interval = Annotated[float, Ge(0), Le(60)]

COLLECTORS = ("cgroup", "self")
"""Always plugged in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an agent is made of."""

    bindings: tuple[Binding, ...]
    interval: float | None = 1.0
    extra_labels: Mapping[str, str] = field(default_factory=dict)

    def run(self, host: Host, count: int | None = None) -> None:
        """Run until the count of steps is reached or a signal comes. Raises `StartError`, `PluginError`."""
        raise_open_files_limit()
        host.extra_labels = {**host.extra_labels, **self.extra_labels}
        agent = Agent(self.bindings, host)
        names = ", ".join(binding.name for binding in self.bindings)
        log.info("wca %s steps every %g s with %s", __version__, self.interval or 0, names)
        run_steps(agent, self.interval, count)


class Runner(Protocol):
    """What may stand behind `runner:` in a configuration."""

    def plan(self) -> Plan:
        """What is to be run. Raises `ConfigurationError`."""

    def run(self) -> int:
        """Run on this machine until a signal comes; the exit code of the process."""


@dataclass(eq=False, kw_only=True)
class MeasurementRunner:
    """Measures and stores."""

    node: object
    """Discovers tasks."""
    metrics_storage: object = None
    """None: a log storage on standard error."""
    interval: Interval | None = 1.0
    """Seconds from step to step; 0 or null: no pause."""
    extra_labels: dict[str, str | int | float] | None = None
    """Added to every sample; `host` may be overridden."""

    def plan(self) -> Plan:
        plugged = _Plugged()
        plugged.add(self.node, "node", "discover_tasks")
        for name in COLLECTORS:
            plugged.add(Registry().load(name)(), name, "collect_metrics")
        plugged.add_storage(self.metrics_storage, "metrics_storage", "metrics")
        labels = {name: str(value) for name, value in (self.extra_labels or {}).items()}
        for name in labels:
            if not is_label_name(name):
                raise ConfigurationError(f"extra_labels: {name!r} is no label name")
        return Plan(bindings=plugged.bindings, interval=self.interval, extra_labels=labels)

    def run(self) -> int:
        return _run(self)


@dataclass(eq=False, kw_only=True)
class DetectionRunner:
    """Measures and detects anomalies."""

    measurement_runner: MeasurementRunner
    detector: object
    anomalies_storage: object = None
    """None: the log storage on standard error."""

    def plan(self) -> Plan:
        plan = self.measurement_runner.plan()
        plugged = _Plugged(plan.bindings)
        plugged.add(self.detector, "detector", "detect")
        plugged.add_storage(self.anomalies_storage, "anomalies_storage", "anomalies")
        return replace(plan, bindings=plugged.bindings)

    def run(self) -> int:
        return _run(self)


@dataclass(eq=False, kw_only=True)
class AllocationRunner:
    """Measures and allocates resources. This version plans the changes and does not write them."""

    measurement_runner: MeasurementRunner
    allocator: object
    anomalies_storage: object = None
    allocations_storage: object = None

    def plan(self) -> Plan:
        plan = self.measurement_runner.plan()
        plugged = _Plugged(plan.bindings)
        plugged.add(self.allocator, "allocator", "allocate")
        plugged.add_storage(self.anomalies_storage, "anomalies_storage", "anomalies")
        plugged.add_storage(self.allocations_storage, "allocations_storage", "allocations")
        return replace(plan, bindings=plugged.bindings)

    def run(self) -> int:
        return _run(self)


def plan_of_plugins(names: Iterable[str], interval: float | None = 1.0) -> Plan:
    """The short form: these plugins with their defaults, and what nobody named filled in.

    No discoverer: `local`; no storage: `log` on standard error. Raises `PluginError`.
    """
    registry = Registry()
    plugged = _Plugged()
    wanted = list(dict.fromkeys((*names, *COLLECTORS)))
    for name in wanted:
        plugged.add_whole(registry.load(name)(), name)
    if not any("discover_tasks" in binding.hooks for binding in plugged.bindings):
        plugged.add_whole(registry.load("local")(), "local")
    if not any(binding.streams for binding in plugged.bindings):
        plugged.add_whole(registry.load("log")(), "log")
    return Plan(bindings=plugged.bindings, interval=interval)


class _Plugged:
    """Bindings in the making: an object that stands in two roles is one binding with both."""

    def __init__(self, bindings: Iterable[Binding] = ()) -> None:
        self._bindings = list(bindings)

    @property
    def bindings(self) -> tuple[Binding, ...]:
        return tuple(self._bindings)

    def add(self, plugin: object, role: str, hook: str, streams: Iterable[Stream] = ()) -> None:
        """Call a plugin for one hook. Raises `ConfigurationError` if it does not have it."""
        if hook not in hooks_of(type(plugin)):
            raise ConfigurationError(f"{role}: a plugin with the hook {hook} expected, found {type(plugin).__name__}")
        for binding in self._bindings:
            if binding.plugin is plugin:
                binding.hooks |= {hook}
                binding.streams |= frozenset(streams)
                return
        name = self._free_name(Registry().name_of(type(plugin)))
        self._bindings.append(Binding(name=name, plugin=plugin, hooks=frozenset({hook}), streams=frozenset(streams)))

    def add_storage(self, storage: object, role: str, stream: Stream) -> None:
        """A storage for one stream; None: one log storage on standard error for all such streams."""
        if storage is not None:
            self.add(storage, role, "store", [stream])
            return
        shared = next((binding for binding in self._bindings if binding.is_default), None)
        self.add(shared.plugin if shared else Registry().load("log")(), role, "store", [stream])
        self._bindings[-1].is_default |= shared is None

    def add_whole(self, plugin: object, name: str) -> None:
        """Call a plugin for all hooks it has, and store all streams with it."""
        hooks = hooks_of(type(plugin)) & HOOKS
        streams: frozenset[Stream] = STREAMS if "store" in hooks else frozenset()
        self._bindings.append(Binding(name=name, plugin=plugin, hooks=hooks, streams=streams))

    def _free_name(self, name: str) -> str:
        taken = {binding.name for binding in self._bindings}
        numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
        return name if name not in taken else next(one for one in numbered if one not in taken)


def _run(runner: Runner) -> int:
    runner.plan().run(Host())
    return 0
