"""JSON Schema of a whole configuration, for editors: both forms, with everything that is installed or registered.

It is made from the types that check a configuration. A class that does not load is left out, a field whose
type cannot be read may be anything; either is told by a warning.
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from wca_core.config.component_schema import component_schema, fields_of, fields_schema, needs_fields
from wca_core.config.runner_keys import ALLOCATION_KEYS, DOCUMENTED
from wca_core.config.schema import FILE, NULL, SPECIAL, Json, Values, any_of
from wca_core.errors import PluginError
from wca_core.logs import LEVELS
from wca_core.plugin_api import hooks_of
from wca_core.registration import registered
from wca_core.registry import Offer, Registry, load
from wca_core.settings import AgentSettings

log = logging.getLogger("wca.schema")

DIALECT = "https://json-schema.org/draft/2020-12/schema"

TAGS = "x-yaml-tags"
"""Where all tags are listed, in the form of the setting `yaml.customTags` of editors."""

SPECIAL_TAGS = ("!Env mapping", "!Env scalar", "!File scalar", "!file scalar")

FORMS: Json = {
    "if": {"required": ["runner"]},
    "then": {"properties": {"agent": False, "plugins": False}},
    "else": {"anyOf": [{"required": ["agent"]}, {"required": ["plugins"]}]},
}
"""The tree form or the short form, never both."""


def configuration_schema(registry: Registry | None = None) -> Json:
    """The schema: always the same while the same is installed."""
    return _Document(registry or Registry()).schema()


@dataclass(slots=True)
class _Component:
    """A class that a file may name."""

    cls: type
    tags: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The tag that the schema calls it by: that of the class, unless another class has taken it."""
        return self.cls.__name__ if self.cls.__name__ in self.tags else self.tags[0]

    @property
    def reference(self) -> Json:
        return {"$ref": f"#/$defs/{self.name}"}


class _Document:
    def __init__(self, registry: Registry) -> None:
        loaded = _loaded(registry)
        self._registry = registry
        self._components = _components(loaded)
        self._claims = self._references(registry, loaded)
        self._values = Values(self._fitting)

    def schema(self) -> Json:
        components = {
            one.name: component_schema(one.cls, one.name, self._values, self._runner_keys(one))
            for one in self._components
        }
        agent = fields_schema(AgentSettings, "agent", self._values, {})
        properties: Json = {
            "runner": any_of([*self._fitting(lambda cls: hasattr(cls, "run")), FILE]),
            "agent": any_of([agent, FILE, NULL]),
            "plugins": any_of([self._plugins(), FILE, NULL]),
            "loggers": any_of([_loggers(), FILE, NULL]),
        }
        return {
            "$schema": DIALECT,
            "title": "A configuration of WCA",
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
            **FORMS,
            "$defs": dict(sorted({**self._values.definitions, **components, **SPECIAL}.items())),
            TAGS: sorted([*SPECIAL_TAGS, *(tag for one in self._components for tag in _custom_tags(one))]),
        }

    def _fitting(self, is_wanted: Callable[[type], bool]) -> list[Json]:
        return [
            component.reference
            for component in self._components
            if is_wanted(component.cls) or is_wanted(self._plugin_class(component.cls))
        ]

    def _plugin_class(self, cls: type) -> type:
        """That of what an adapter makes of it, too."""
        try:
            return self._registry.plugin_class(cls)
        except PluginError as error:
            log.warning("%s", error)
            return cls

    def _plugins(self) -> Json:
        """Of the short form: fields by the name of the plugin."""
        plugins = {tag: one for one in self._components if hooks_of(self._plugin_class(one.cls)) for tag in one.tags}
        fields = {
            tag: one.reference if needs_fields(one.cls) else any_of([one.reference, NULL])
            for tag, one in sorted(plugins.items())
        }
        return {"type": "object", "properties": fields, "additionalProperties": False}

    def _runner_keys(self, runner: _Component) -> dict[str, Json]:
        """Fields of plugins that stand on a runner, and documented ones that ask nothing of what is not installed."""
        keys = {*DOCUMENTED, *self._claims}
        on = {"MeasurementRunner": keys - ALLOCATION_KEYS, "AllocationRunner": keys & ALLOCATION_KEYS}
        foreign = on.get(runner.name, set()) - fields_of(runner.cls).keys()
        return {key: self._claims.get(key) or _unclaimed(key) for key in sorted(foreign)}

    def _references(self, registry: Registry, loaded: Mapping[Offer, type]) -> dict[str, Json]:
        """The fields of plugins that claim keys of runners, by key."""
        try:
            claims = {key: loaded.get(offer) for key, offer in registry.runner_keys.items()}
        except PluginError as error:
            log.warning("keys of runners are left out: %s", error)
            return {}
        return {
            key: {"$ref": f"#/$defs/{one.name}/properties/{key}"}
            for key, cls in claims.items()
            for one in self._components
            if one.cls is cls and key in fields_of(one.cls)
        }


def _loaded(registry: Registry) -> dict[Offer, type]:
    """All that is installed and loads; what does not is told."""
    found = {}
    for offer in registry.offers:
        try:
            found[offer] = load(offer)
        except PluginError as error:
            log.warning("left out: %s", error)
    return found


def _components(loaded: Mapping[Offer, type]) -> list[_Component]:
    """What is loaded or registered, by name."""
    by_tag: dict[str, type] = {}
    for offer, cls in loaded.items():
        by_tag.setdefault(offer.name, cls)
        by_tag.setdefault(offer.class_name, cls)
    by_tag |= {tag: registration.cls for tag, registration in registered.items()}
    by_class: dict[type, _Component] = {}
    for tag, cls in sorted(by_tag.items()):
        by_class.setdefault(cls, _Component(cls)).tags.append(tag)
    return sorted(by_class.values(), key=lambda component: component.name)


def _unclaimed(key: str) -> Json:
    """The values of a documented key that are right although its plugin is not installed."""
    documented = DOCUMENTED[key]
    about: Json = {"description": f"Of the package {documented.package}, which is not installed or cannot do it yet."}
    if documented.harmless is None:
        return about
    return {**about, "enum": [[] if value == () else value for value in documented.harmless]}


def _loggers() -> Json:
    levels = [level for name in LEVELS for level in (name.lower(), name)]
    return {
        "description": "Levels by logger; the logger of a plugin is wca.NAME.",
        "type": "object",
        "additionalProperties": {"enum": levels},
    }


def _custom_tags(component: _Component) -> Iterator[str]:
    """The tags of a component with the kinds of YAML nodes they stand before."""
    is_enum = issubclass(component.cls, enum.Enum)
    for tag in component.tags:
        if not is_enum:
            yield f"!{tag} mapping"
        if is_enum or not needs_fields(component.cls):
            yield f"!{tag} scalar"
