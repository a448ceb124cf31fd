"""Plugins for the two ends of a step, how a plugin is called in it, and a first look at a plugin's class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from wca_core.dispatch import HOOKS, STREAMS, Binding
from wca_core.model.metric import METRIC_NAME, Metric, Samples
from wca_core.model.task import Task
from wca_core.plugin_api import call_hook, check_plugin_class, hookimpl, hooks_of, plugin
from wca_core.registry import Registry


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class GivenTasks:
    """A discoverer that finds what it is given; `tasks` may be changed between steps."""

    tasks: list[Task] = field(default_factory=list)

    @hookimpl
    def discover_tasks(self) -> list[Task]:
        return self.tasks


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Memory:
    """A storage that remembers every step, by stream."""

    stores_locally = True
    stored: dict[str, list[Samples]] = field(default_factory=dict)

    @hookimpl
    def store(self, samples: Samples, stream: str) -> None:
        self.stored.setdefault(stream, []).append(samples)


def whole_binding(plugin_object: object, name: str | None = None) -> Binding:
    """A binding for all hooks of a plugin, named as its entry point or else in words: `MyThing` is `my-thing`."""
    cls = type(plugin_object)
    registered = Registry().name_of(cls)
    words = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in cls.__name__).lstrip("-")
    hooks = hooks_of(cls)
    return Binding(
        name=name or (words if registered == cls.__name__ else registered),
        plugin=plugin_object,
        hooks=hooks,
        streams=STREAMS if "store" in hooks else frozenset(),
    )


def check_plugin(plugin_object: object) -> list[Metric]:
    """Check a plugin against the contract; returns the metrics it describes.

    Raises `PluginError` for the class, `AssertionError` for a malformed or doubled description.
    """
    name = type(plugin_object).__name__
    check_plugin_class(type(plugin_object), name, HOOKS)
    if "describe_metrics" not in hooks_of(type(plugin_object)):
        return []
    described = call_hook(plugin_object, "describe_metrics")
    metrics = list(described) if isinstance(described, Iterable) else []
    names = [metric.name for metric in metrics]
    assert len(names) == len(set(names)), f"{name} describes a metric twice: {sorted(names)}"
    assert all(METRIC_NAME.fullmatch(one) for one in names)
    return metrics
