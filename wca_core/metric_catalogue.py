"""Every metric that what is installed can yield, as its own code describes it: there is no list of them elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from wca_core.allocation_metrics import ALLOCATION_METRICS
from wca_core.anomalies import ANOMALY_METRICS
from wca_core.config.signature import parameters_of
from wca_core.errors import ConfigurationError
from wca_core.model.metric import Metric
from wca_core.plugin_api import call_hook, hooks_of
from wca_core.registry import PLUGINS, Offer, Registry, load


@dataclass(frozen=True, slots=True)
class Described:
    """One metric and who yields it."""

    TITLES: ClassVar[tuple[str, ...]] = ("NAME", "TYPE", "UNIT", "LEVELS", "PLUGIN", "HELP")

    metric: Metric
    plugin: str
    """`agent`: whatever plugins run."""

    def as_row(self) -> tuple[str, ...]:
        metric = self.metric
        return metric.name, metric.type.value, metric.unit, ",".join(metric.levels) or "-", self.plugin, metric.help

    def as_dict(self) -> dict[str, object]:
        metric = self.metric
        return {
            "name": metric.name,
            "type": metric.type.value,
            "unit": metric.unit,
            "granularity": metric.granularity,
            "levels": list(metric.levels),
            "plugin": self.plugin,
            "help": metric.help,
        }


@dataclass(frozen=True, slots=True)
class Undescribed:
    """A plugin that cannot be asked, and why."""

    plugin: str
    reason: str


def described(registry: Registry | None = None) -> tuple[list[Described], list[Undescribed]]:
    """All metrics by name, and the plugins that cannot be asked."""
    found = [Described(metric, "agent") for metric in (*ANOMALY_METRICS, *ALLOCATION_METRICS)]
    silent: list[Undescribed] = []
    for offer in (registry or Registry()).offers:
        if offer.group != PLUGINS:
            continue
        try:
            found += [Described(metric, offer.name) for metric in _asked(offer)]
        except (Exception, SystemExit) as error:  # noqa: BLE001  a plugin may raise anything
            silent.append(Undescribed(offer.name, f"{type(error).__name__}: {error}"))
    return sorted(found, key=lambda one: (one.metric.name, one.plugin)), silent


def as_markdown(metrics: Iterable[Described]) -> str:
    """A table by plugin, for the reference."""
    by_plugin: dict[str, list[Described]] = {}
    for one in metrics:
        by_plugin.setdefault(one.plugin, []).append(one)
    return "\n".join(part for plugin in sorted(by_plugin) for part in _section(plugin, by_plugin[plugin]))


def _section(plugin: str, metrics: Iterable[Described]) -> Iterator[str]:
    yield f"## {plugin}\n"
    yield "| metric | type | unit | levels | meaning |"
    yield "|---|---|---|---|---|"
    for one in metrics:
        name, kind, unit, levels, _, meaning = one.as_row()
        yield f"| `{name}` | {kind} | {unit} | {levels} | {meaning.replace('|', '/')} |"
    yield ""


def _asked(offer: Offer) -> Iterator[Metric]:
    """What a plugin with its defaults describes.

    One that needs fields is asked without them; nothing is known if its answer depends on them.
    """
    cls = load(offer)
    if "describe_metrics" not in hooks_of(cls):
        return
    made = _made(cls)
    try:
        metrics = call_hook(made or object.__new__(cls), "describe_metrics")
    except AttributeError:
        if made is not None:
            raise
        return
    yield from (metric for metric in _iterable(metrics) if isinstance(metric, Metric))


def _made(cls: type) -> object | None:
    """A plugin with its defaults; None if it needs a field, or says so itself."""
    if any(parameter.is_required for parameter in parameters_of(cls).values()):
        return None
    try:
        made: object = cls()
    except ConfigurationError:
        return None
    return made


def _iterable(value: object) -> Iterable[object]:
    return value if isinstance(value, Iterable) else ()
