"""Which code is installed under which name, and does it load? Entry points, through stevedore.

The name of an entry point and the name of its class both mean the plugin; the class name stands in
the entry point's value, so nothing is imported to know it.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from typing import Any

from wca_core.adapters import Adapters, is_ours
from wca_core.errors import PluginError
from wca_core.known_packages import KNOWN_COMMANDS, KNOWN_PACKAGES, is_installed, line_of, module_advice
from wca_core.registration import RESERVED, registered

log = logging.getLogger("wca.registry")

PLUGINS = "wca.plugins"
COMPONENTS = "wca.components"
RUNNER_KEYS = "wca.runner_keys"
COMMANDS = "wca.commands"
WRITES = "wca.writes"
ADAPTERS = "wca.adapters"


@dataclass(frozen=True, slots=True)
class Offer:
    """One installed class: not imported yet."""

    name: str
    class_name: str
    group: str
    target: str
    """`module:Class`"""
    package: str
    version: str

    def __str__(self) -> str:
        return f"{self.target} ({self.package} {self.version})"

    def is_of(self, cls: type) -> bool:
        """Whether this is the offer of a class."""
        return self.target == f"{cls.__module__}:{cls.__qualname__}"


class Registry:
    """All that is installed. Raises `PluginError` if two packages claim one name."""

    def __init__(self, entry_points: Iterable[metadata.EntryPoint] | None = None) -> None:
        self._given = None if entry_points is None else list(entry_points)
        self._told: set[str] = set()

    @cached_property
    def _points(self) -> list[metadata.EntryPoint]:
        if self._given is not None:
            return self._given
        installed = metadata.entry_points()
        return [point for group in (PLUGINS, COMPONENTS, RUNNER_KEYS) for point in installed.select(group=group)]

    @cached_property
    def offers(self) -> list[Offer]:
        """Every installed class of both groups, by name."""
        packages = _Packages()
        offers = {_offer(point, packages) for point in self._points if point.group in (PLUGINS, COMPONENTS)}
        return sorted(offers, key=lambda offer: (offer.group != PLUGINS, offer.name, offer.package))

    @cached_property
    def runner_keys(self) -> Mapping[str, Offer]:
        """Who answers to documented keys of the runners, by key; offers of the group `wca.plugins`."""
        keys: dict[str, Offer] = {}
        for point in self._points:
            if point.group != RUNNER_KEYS:
                continue
            offer = self.find(_class_name(point))
            if keys.setdefault(point.name, offer) is not offer:
                raise PluginError(f"two plugins claim the runner key {point.name!r}: {keys[point.name]} and {offer}")
        return keys

    @cached_property
    def commands(self) -> list[Offer]:
        """What packages add to the command `wca`, by name; several may claim one."""
        return self._offers_of(COMMANDS)

    @cached_property
    def writes(self) -> list[Offer]:
        """The kinds of writes that packages know how to rebuild, by name; several may claim one."""
        return self._offers_of(WRITES)

    @cached_property
    def adapters(self) -> Adapters:
        """What packages make plugins of that has no hooks of ours. Raises `PluginError` if one does not load."""
        return Adapters([_loaded(offer, "adapter") for offer in self._offers_of(ADAPTERS)])

    def _offers_of(self, group: str) -> list[Offer]:
        points = metadata.entry_points(group=group) if self._given is None else self._given
        packages = _Packages()
        offers = {_offer(point, packages) for point in points if point.group == group}
        return sorted(offers, key=lambda offer: (offer.name, offer.package, offer.target))

    def command(self, name: str) -> object | None:
        """What stands behind the name of a command, imported; None if nobody knows the name.

        Raises `PluginError` if several packages claim it, if it does not load, or if its package is not installed.
        """
        offers = [offer for offer in self.commands if offer.name == name]
        if len(offers) > 1:
            raise PluginError(
                f"several packages offer a command {name!r}: {' and '.join(map(str, offers))}; uninstall all but one"
            )
        if not offers and name in KNOWN_COMMANDS:
            package = KNOWN_COMMANDS[name]
            raise PluginError(f"the command {name!r} is part of the package {package} ({advice(package)})")
        return _loaded(offers[0], "command") if offers else None

    @cached_property
    def _by_word(self) -> Mapping[str, Offer]:
        words: dict[str, Offer] = {}
        for offer in self.offers:
            for word in {offer.name, offer.class_name}:
                if word in RESERVED or "." in word:
                    raise PluginError(
                        f"{offer} is named {word!r}: a word of the configuration, or with a dot; uninstall it"
                    )
                other = words.setdefault(word, offer)
                if other.target != offer.target:
                    raise PluginError(
                        f"two packages offer a plugin named {word!r}: {other} and {offer}; uninstall one of them"
                    )
        return words

    def find(self, word: str) -> Offer:
        """What answers to an entry-point name or a class name. Raises `PluginError` with the nearest names."""
        offer = self._by_word.get(word)
        if offer is None:
            raise PluginError(self._missing(word, [one.class_name for one in self.offers]))
        return offer

    def load(self, word: str) -> type:
        """The class behind a name, imported; one registered in this process goes before an installed one.

        Raises `PluginError` if it is missing or does not import.
        """
        registration = registered.get(word)
        if registration is None:
            return load(self.find(word))
        if word in self._by_word and word not in self._told:
            self._told.add(word)
            log.warning("!%s means %s, no longer %s", word, registration, self._by_word[word])
        return registration.cls

    def load_plugin(self, word: str) -> type:
        """The class behind the name of a plugin. Raises `PluginError`, also for a component without hooks."""
        offer = self._by_word.get(word)
        if word in registered or (offer is not None and offer.group == PLUGINS):
            return self.load(word)
        names = [one.name for one in self.offers if one.group == PLUGINS]
        if offer is not None:
            raise PluginError(f"{word!r} is no plugin; installed: {', '.join(names)}")
        raise PluginError(self._missing(word, names))

    def plugin_class(self, cls: type) -> type:
        """The class of the plugins that its instances become: the class itself, unless an adapter makes one of it."""
        return cls if is_ours(cls) else self.adapters.plugin_class(cls)

    def as_plugin(self, component: object) -> object:
        """A component, or the plugin that an adapter makes of it. Raises `PluginError` if it could be none."""
        return component if is_ours(type(component)) else self.adapters.as_plugin(component)

    def is_strict(self, cls: type) -> bool:
        """Whether a value for a field of this class that has no type to check it against is refused."""
        registration = registered.get(cls.__name__)
        return registration is None or registration.cls is not cls or registration.strict_mode

    def word_of(self, word: str) -> str:
        """The entry-point name that a name means; the word itself if nothing answers to it."""
        return self._by_word[word].name if word in self._by_word and word not in registered else word

    def name_of(self, cls: type) -> str:
        """The entry-point name of a class; the class name if it has none."""
        target = f"{cls.__module__}:{cls.__qualname__}"
        return next((offer.name for offer in self.offers if offer.target == target), cls.__name__)

    def _missing(self, word: str, names: Iterable[str]) -> str:
        if word in KNOWN_PACKAGES:
            package = KNOWN_PACKAGES[word]
            return f"nothing installed answers to {word!r}: it is part of the package {package} ({advice(package)})"
        close = difflib.get_close_matches(word, [*self._by_word, *registered, *KNOWN_PACKAGES], n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        return f"nothing installed answers to {word!r}; installed: {', '.join(sorted({*names, *registered}))}{hint}"


def load(offer: Offer) -> type:
    """Import the class of an offer. Raises `PluginError` that names the package and the cause."""
    found = _loaded(offer, "plugin")
    if not isinstance(found, type):
        raise PluginError(f"plugin {offer.name!r}: {offer} is no class but a {type(found).__name__}")
    return found


def _loaded(offer: Offer, kind: str) -> object:
    """What an offer names, imported. Raises `PluginError` for a `kind` that cannot be."""
    from stevedore.named import NamedExtensionManager  # 30 ms to import, needed only when something is loaded

    class Manager(NamedExtensionManager[Any]):
        """stevedore without its disk cache, which goes stale and forgets the distribution."""

        def list_entry_points(self) -> list[metadata.EntryPoint]:
            return [metadata.EntryPoint(offer.name, offer.target, offer.group)]

    failures: list[BaseException] = []
    found: object = None
    try:
        manager = Manager(
            offer.group,
            names=[offer.name],
            on_load_failure_callback=lambda _manager, _point, error: failures.append(error),
        )
        found = None if failures else manager[offer.name].plugin
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  raised when imported; stevedore lets some through
        failures.append(error)
    if failures:
        reason = f"{type(failures[0]).__name__}: {failures[0]}{line_of(failures[0])}{module_advice(failures[0])}"
        raise PluginError(f"{kind} {offer.name!r} cannot be loaded from {offer}: {reason}") from failures[0]
    return found


def summary(package: str) -> str:
    """What an installed package says of itself in a line; empty if it says nothing."""
    try:
        return metadata.metadata(package)["Summary"] or ""
    except (metadata.PackageNotFoundError, KeyError):
        return ""


def advice(package: str) -> str:
    """What to do about something that a package of the project has."""
    return "its installed version does not have it yet" if is_installed(package) else f"pip install {package}"


class _Packages:
    """Name and version of distributions, looked up once for each: that reads and parses a file."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[str, str]] = {}

    def of(self, point: metadata.EntryPoint) -> tuple[str, str]:
        distribution = point.dist
        if distribution is None:
            return "unknown package", "?"
        if id(distribution) not in self._known:
            self._known[id(distribution)] = distribution.name, distribution.version
        return self._known[id(distribution)]


def _offer(point: metadata.EntryPoint, packages: _Packages) -> Offer:
    package, version = packages.of(point)
    return Offer(point.name, _class_name(point), point.group, point.value, package, version)


def _class_name(point: metadata.EntryPoint) -> str:
    """The value may end in extras: `module:Class [extra]`."""
    return point.value.partition(":")[2].split(".")[-1].partition("[")[0].strip() or point.value
