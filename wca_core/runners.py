"""The documented runners: they say what is plugged into the one loop.

| runner | plugged in |
|---|---|
| MeasurementRunner | a node, the built-in collectors, further plugins, a storage |
| DetectionRunner | a measurement runner, a detector, a storage for anomalies |
| AllocationRunner | a measurement runner, an allocator, storages for anomalies and allocations |
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import Protocol

from wca_core.config.field_types import Allocator, Detector, Node, Plugin, Storage
from wca_core.errors import PluginError
from wca_core.host import Host
from wca_core.plan import Plan, Plugged
from wca_core.plugin_api import hooks_of
from wca_core.registry import Registry
from wca_core.settings import AllocationSettings, MeasurementSettings

log = logging.getLogger("wca.runners")

COLLECTORS = ("cgroup", "platform", "psi", "vmstat", "zoneinfo", "self")
"""Always plugged in."""

KEYS_ON_BY_DEFAULT = ("rdt_enabled",)
"""Documented keys of a runner whose default asks for the plugin that answers to them, if it is installed."""


class Runner(Protocol):
    """What may stand behind `runner:` in a configuration."""

    def plan(self, registry: Registry | None = None) -> Plan:
        """What is to be run, of what is installed. Raises `ConfigurationError`."""

    def run(self) -> int:
        """Run on this machine until a signal comes; the exit code of the process."""


@dataclass(eq=False, kw_only=True)
class MeasurementRunner(MeasurementSettings):
    """Measures and stores."""

    node: Node
    """Discovers tasks."""
    metrics_storage: Storage | None = None
    """None: a log storage on standard error."""
    plugins: list[Plugin] = field(default_factory=list)
    """Called for all the hooks they have; a built-in collector that stands here is not added again."""

    def plan(self, registry: Registry | None = None) -> Plan:
        registry = registry or Registry()
        plugged = Plugged(registry)
        plugged.add(self.node, "node", "discover_tasks")
        if "collect_metrics" in hooks_of(type(self.node)):
            plugged.add(self.node, "node", "collect_metrics")  # what it tells of its own work
        for plugin in self.plugins:
            plugged.add_whole(plugin)
        for cls in (*map(registry.load, COLLECTORS), *_claimants(registry)):
            if not plugged.has(cls):
                plugged.add_whole(cls())
        plugged.add_storage(self.metrics_storage, "metrics_storage", "metrics")
        return Plan(
            bindings=plugged.bindings,
            interval=self.interval,
            extra_labels=self.labels,
            label_generators=self.task_label_generators or {},
            allocation_configuration=self.allocation_configuration,
            max_open_files=self.max_open_files,
            task_classes=tuple(self.task_classes),
        )

    def run(self) -> int:
        return _run(self)


@dataclass(eq=False, kw_only=True)
class DetectionRunner:
    """Measures and detects anomalies."""

    measurement_runner: MeasurementRunner
    detector: Detector
    anomalies_storage: Storage | None = None
    """None: the log storage on standard error."""

    def plan(self, registry: Registry | None = None) -> Plan:
        registry = registry or Registry()
        plan = self.measurement_runner.plan(registry)
        plugged = Plugged(registry, plan.bindings)
        plugged.add(self.detector, "detector", "detect")
        plugged.add_storage(self.anomalies_storage, "anomalies_storage", "anomalies")
        return replace(plan, bindings=plugged.bindings)

    def run(self) -> int:
        return _run(self)


@dataclass(eq=False, kw_only=True)
class AllocationRunner(AllocationSettings):
    """Measures and allocates resources."""

    measurement_runner: MeasurementRunner
    allocator: Allocator
    """Wishes which resources tasks have."""
    anomalies_storage: Storage | None = None
    """None: the log storage on standard error."""
    allocations_storage: Storage | None = None
    """None: the log storage on standard error."""

    def plan(self, registry: Registry | None = None) -> Plan:
        registry = registry or Registry()
        plan = self.measurement_runner.plan(registry)
        plugged = Plugged(registry, plan.bindings)
        plugged.add(self.allocator, "allocator", "allocate")
        plugged.add_planners()
        plugged.add_storage(self.anomalies_storage, "anomalies_storage", "anomalies")
        plugged.add_storage(self.allocations_storage, "allocations_storage", "allocations")
        return replace(plan, bindings=plugged.bindings, allocation=self.allocation_settings)

    def run(self) -> int:
        return _run(self)


def _claimants(registry: Registry) -> list[type]:
    """The installed classes that answer to keys whose default is on; one that does not load is told and left out."""
    found: dict[type, None] = {}
    for offer in (registry.runner_keys.get(key) for key in KEYS_ON_BY_DEFAULT):
        try:
            if offer is not None:
                found[registry.load(offer.class_name)] = None
        except PluginError as error:
            log.warning("%s", error)
    return list(found)


def _run(runner: Runner) -> int:
    return runner.plan().run(Host())
