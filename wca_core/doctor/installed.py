"""All plugins that are installed, made with their defaults and what `--set` says, to be asked for their needs.

None is started. One that cannot be made costs only itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from wca_core.config.build import Builder
from wca_core.config.overrides import Override, overridden
from wca_core.config.problems import Problems
from wca_core.config.signature import parameters_of
from wca_core.config.tree import Mapping, Place
from wca_core.dispatch import HOOKS
from wca_core.doctor.examination import Examined, examine
from wca_core.errors import ConfigurationError, PluginError
from wca_core.host import Host
from wca_core.plugin_api import check_plugin_class
from wca_core.registry import PLUGINS, Registry
from wca_core.settings import AgentSettings


class Made(Protocol):
    """A plugin, or why there is none."""

    def examined(self, host: Host) -> Examined: ...


@dataclass(frozen=True, slots=True)
class Whole:
    """With all its fields."""

    name: str
    plugin: object

    def examined(self, host: Host) -> Examined:
        return examine(self.name, self.plugin, host)


@dataclass(frozen=True, slots=True)
class Partial:
    """Without fields that it cannot be made without: nothing is known if its needs depend on them."""

    name: str
    cls: type
    lacks: str
    """Which, in words."""

    def examined(self, host: Host) -> Examined:
        found = examine(self.name, object.__new__(self.cls), host)
        if found.trouble.startswith("AttributeError"):
            return replace(found, trouble=f"its needs depend on its fields: {self.lacks}", lacks_fields=True)
        return found


@dataclass(frozen=True, slots=True)
class Unmade:
    """It does not load, or refuses its fields."""

    name: str
    reason: str

    def examined(self, host: Host) -> Examined:
        return Examined(name=self.name, trouble=self.reason)


def installed(overrides: Sequence[str], registry: Registry | None = None) -> list[Made]:
    """Every installed plugin, by name. Raises `ConfigurationError` for overrides of what is not installed."""
    registry = registry or Registry()
    names = [offer.name for offer in registry.offers if offer.group == PLUGINS]
    given = _by_owner(overrides, registry, names)
    if "agent" in given:
        _made(registry, AgentSettings, "agent", given.pop("agent"))
    return [*_each(registry, names, given)]


def _each(registry: Registry, names: Sequence[str], given: dict[str, list[Override]]) -> Iterator[Made]:
    for name in names:
        fields = given.get(name, [])
        try:
            cls = registry.load_plugin(name)
            check_plugin_class(registry.plugin_class(cls), name, HOOKS)
        except PluginError as error:
            yield Unmade(name, str(error))
            continue
        set_fields = {override.path[0] for override in fields}
        missing = [one.name for one in parameters_of(cls).values() if one.is_required and one.name not in set_fields]
        if missing:
            yield Partial(name, cls, " ".join(f"--set {name}.{field}=VALUE" for field in missing))
        else:
            yield _made_or_not(registry, cls, name, fields)


def _made_or_not(registry: Registry, cls: type, name: str, fields: Sequence[Override]) -> Made:
    try:
        return Whole(name, _made(registry, cls, name, fields))
    except ConfigurationError as error:
        if fields:
            raise  # what the user typed is wrong
        return Partial(name, cls, str(error))


def _made(registry: Registry, cls: type, name: str, fields: Sequence[Override]) -> object:
    """Raises `ConfigurationError`."""
    problems = Problems()
    owners = overridden({name: Mapping(Place(f"--plugins {name}"), None)}, fields, problems)
    made = Builder(registry, problems, registry.as_plugin).plugin(cls, owners[name], name, name)
    problems.refuse()
    return made


def _by_owner(texts: Sequence[str], registry: Registry, names: Sequence[str]) -> dict[str, list[Override]]:
    found: dict[str, list[Override]] = {}
    for text in texts:
        override = Override.of(text)
        owner = registry.word_of(override.owner)
        if owner not in (*names, "agent"):
            raise ConfigurationError(
                f"{override.place}: no plugin {override.owner!r} is installed; there are {', '.join(names)}"
            )
        found.setdefault(owner, []).append(replace(override, owner=owner))
    return found
