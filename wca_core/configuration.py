"""From a command line and a file to what runs: both forms of a configuration meet here."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import cast

from wca_core.config.build import Builder, Recipe
from wca_core.config.construction import BROKEN
from wca_core.config.document import Document
from wca_core.config.masking import Secrets
from wca_core.config.overrides import Override, overridden
from wca_core.config.problems import Problems
from wca_core.config.tree import Mapping as Fields
from wca_core.config.tree import Place, Tree
from wca_core.dispatch import HOOKS
from wca_core.errors import ConfigurationError, PluginError, WcaError
from wca_core.plan import Plan, Plugged
from wca_core.plugin_api import check_plugin_class
from wca_core.registry import Registry, advice
from wca_core.runners import Runner
from wca_core.settings import AgentSettings
from wca_core.short_form import Combination, filled_in

NOWHERE = Place("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a command line asks for."""

    file: str | None = None
    plugins: tuple[str, ...] = ()
    """To run beside those of the file."""
    overrides: tuple[str, ...] = ()
    """`PLUGIN.FIELD=VALUE`"""
    without: tuple[str, ...] = ()
    """Built-in collectors to leave out."""
    strict: bool = False
    """Refuse a file that others might change."""

    @property
    def is_bare(self) -> bool:
        """Whether nothing says what is to run."""
        return self.file is None and not self.plugins


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """What runs."""

    runner: object
    added: Mapping[str, object] = field(default_factory=dict)
    """Plugins beside a runner of the tree form, by name."""
    loggers: Mapping[str, str] = field(default_factory=dict)
    """Levels by logger, from the file."""
    file: str | None = None
    recipes: Mapping[int, Recipe] = field(default_factory=dict)
    """How each component was made, by its `id`."""
    secrets: Secrets = field(default_factory=Secrets)
    """To be kept out of whatever is shown."""
    registry: Registry = field(default_factory=Registry)

    @property
    def has_plan(self) -> bool:
        """Whether the runner says what is plugged into our loop; else it has one of its own.

        As has a class derived from a runner of ours with a `run` of its own: that is what is to run.
        """
        planning = _owner_of(type(self.runner), "plan")
        return planning is not None and issubclass(planning, _owner_of(type(self.runner), "run") or object)

    def plan(self) -> Plan:
        """What the loop is made of. Raises `ConfigurationError`, and `PluginError` if a plugin cannot be plugged in."""
        plan = cast("Runner", self.runner).plan(self.registry)
        plugged = Plugged(self.registry, plan.bindings)
        for name, plugin in self.added.items():
            plugged.add_instead(plugin, name)
        return replace(plan, bindings=plugged.bindings)

    def run(self) -> int:
        """Run a runner that has a loop of its own; the exit code of the process.

        Raises `PluginError` for what it raises, but for what ends processes.
        """
        try:
            code = cast("Runner", self.runner).run()
        except WcaError:
            raise
        except Exception as error:
            raise PluginError(f"!{type(self.runner).__name__}.run: {type(error).__name__}: {error}") from error
        return code if isinstance(code, int) and not isinstance(code, bool) else 0


def _owner_of(cls: type, method: str) -> type | None:
    """The class that a class has a method of."""
    return next((base for base in cls.__mro__ if callable(vars(base).get(method))), None)


def configured(request: Request, registry: Registry | None = None) -> Configured:
    """What the command line and its file ask for, checked and made; nothing is opened or started.

    Raises `ConfigurationError` with a line for each error.
    """
    return _Assembly(request, registry or Registry()).configured()


class _Assembly:
    def __init__(self, request: Request, registry: Registry) -> None:
        self._request = request
        self._registry = registry
        self._problems = Problems(strict=request.strict)
        self._builder = Builder(registry, self._problems, registry.as_plugin)

    def configured(self) -> Configured:
        document = self._document()
        result = (self._short_form if document.runner is None else self._tree_form)(document, self._overrides())
        self._problems.refuse()
        return replace(
            result,
            loggers=document.loggers,
            file=self._request.file,
            recipes=self._builder.recipes,
            secrets=self._builder.secrets,
            registry=self._registry,
        )

    def _overrides(self) -> list[Override]:
        found = []
        for text in self._request.overrides:
            try:
                override = Override.of(text)
                found.append(replace(override, owner=self._registry.word_of(override.owner)))
            except ConfigurationError as error:
                self._problems.error(NOWHERE, str(error))
        return found

    def _document(self) -> Document:
        if self._request.file is None:
            return Document()
        from wca_core.config.document import document_of  # reading YAML and old spellings costs import time
        from wca_core.config.loader import load_file

        tree = load_file(self._request.file, self._problems)
        document = document_of(self._todays(tree), self._problems)
        if document.is_empty:
            self._problems.refuse()  # else it would be taken for a short form that leaves all to us
        return document

    def _todays(self, tree: Tree) -> Tree:
        """The tree with today's spellings, and with the keys of runners that plugins answer to moved there."""
        from wca_core.config.reference_keys import modernized
        from wca_core.config.runner_keys import ALLOCATION_KEYS, DOCUMENTED, moved
        from wca_core.config.signature import parameters_of
        from wca_core.runners import MeasurementRunner

        claims = self._registry.runner_keys
        measurement_keys = {*parameters_of(MeasurementRunner), *DOCUMENTED, *claims} - ALLOCATION_KEYS
        tags = {key: (offer.class_name, offer.name) for key, offer in claims.items()}
        return moved(modernized(tree, self._problems, measurement_keys), tags, self._problems, advice)

    def _tree_form(self, document: Document, overrides: list[Override]) -> Configured:
        assert document.runner is not None
        if self._request.without:
            self._problems.error(NOWHERE, "--without belongs to the short form; the file says what runs")
        runner = self._builder.made(document.runner, "runner")
        result = Configured(runner=runner)
        if runner is not BROKEN and not callable(getattr(type(runner), "run", None)):
            self._problems.error(document.runner.place, f"runner: a runner expected, found {type(runner).__name__}")
        elif runner is not BROKEN and not result.has_plan and (self._request.plugins or overrides):
            name = type(runner).__name__
            self._problems.error(
                document.runner.place, f"!{name} has a loop of its own: plugins cannot be added or set"
            )
        named = self._named()
        classes = self._classes(named)
        new = {name: cls for name, cls in classes.items() if not self._builder.has_made(cls)}
        fields = overridden({name: named[name] for name in new}, overrides, self._problems)
        return replace(result, added=self._made(fields, new))

    def _short_form(self, document: Document, overrides: list[Override]) -> Configured:
        in_file = self._in_file(document)
        named = {**in_file, **{word: fields for word, fields in self._named().items() if word not in in_file}}
        classes = self._classes(named)
        try:
            plugins = filled_in(named, self._called(classes), self._request.without, is_bare=self._request.is_bare)
        except ConfigurationError as error:
            self._problems.error(NOWHERE, str(error))
            plugins = named
        owners = overridden({"agent": document.agent, **plugins}, overrides, self._problems)
        agent = self._builder.component(AgentSettings, owners.pop("agent"), "agent", "agent")
        added = self._classes({name: fields for name, fields in owners.items() if name not in named})
        made = self._made(owners, {**classes, **added})
        if agent is BROKEN:
            return Configured(runner=BROKEN)
        unasked = frozenset(made) - frozenset(named)
        return Configured(runner=Combination(plugins=made, settings=cast("AgentSettings", agent), unasked=unasked))

    def _in_file(self, document: Document) -> dict[str, Fields]:
        """The plugins of a file of the short form, by their entry-point names."""
        found: dict[str, Fields] = {}
        for name, fields in document.plugins.items():
            word = self._registry.word_of(name)
            if word in found:
                self._problems.error(fields.place, f"{name} is the plugin {word}, which stands here already")
            found[word] = fields
        return found

    def _named(self) -> dict[str, Fields]:
        """The plugins of the command line, by their entry-point names."""
        words = [self._registry.word_of(name) for name in self._request.plugins]
        return {word: Fields(Place(f"--plugins {word}"), None) for word in words}

    def _classes(self, plugins: Mapping[str, Fields]) -> dict[str, type]:
        """The classes of those that are installed; the others are told."""
        classes = {}
        for name, fields in plugins.items():
            try:
                classes[name] = self._registry.load_plugin(name)
                check_plugin_class(self._registry.plugin_class(classes[name]), name, HOOKS)
            except PluginError as error:
                self._problems.error(fields.place, str(error))
        return classes

    def _called(self, classes: Mapping[str, type]) -> dict[str, type]:
        """The classes with those of adapters in place of what has no hooks; why there is none is told already."""
        called = dict(classes)
        for name, cls in classes.items():
            with suppress(PluginError):
                called[name] = self._registry.plugin_class(cls)
        return called

    def _made(self, plugins: Mapping[str, Fields], classes: Mapping[str, type]) -> dict[str, object]:
        return {
            name: self._builder.plugin(cls, plugins[name], name, f"plugins.{name}")
            for name, cls in classes.items()
            if name in plugins
        }
