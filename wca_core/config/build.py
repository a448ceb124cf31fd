"""Makes what a tree describes: components of their classes, lists, mappings and plain values.

Children are made before their parent. A part that stands in two places through an alias is made once and is
the very same object in both. Errors that do not depend on each other are told together.
"""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Callable
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass
from typing import Protocol

from wca_core.config.construction import BROKEN, Construction, holds_broken
from wca_core.config.environment import env_value
from wca_core.config.masking import Secrets, without_login
from wca_core.config.problems import Problems
from wca_core.config.signature import component_class
from wca_core.config.tree import Mapping, Plain, Scalar, Sequence, Tree
from wca_core.errors import PluginError

VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")


class Components(Protocol):
    """Where the classes of tags come from."""

    def load(self, word: str) -> type:
        """The class behind a tag. Raises `PluginError`."""

    def is_strict(self, cls: type) -> bool:
        """Whether a field without a type that can be checked is an error."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a component was made."""

    label: str
    """`!Tag`, or the name of a plugin."""
    fields: AbstractMapping[str, object]
    """Those given, as they were before they were checked: an `EnvText` still is one."""


class Builder:
    """Makes the parts of one configuration; `BROKEN` stands for what could not be made."""

    def __init__(
        self, components: Components, problems: Problems, as_plugin: Callable[[object], object] | None = None
    ) -> None:
        """`as_plugin`: what a component is where a plugin is wanted, if not itself. Raises `PluginError`."""
        self._components = components
        self._problems = problems
        self._plugin_of = as_plugin
        self._made: dict[int, tuple[Tree, object]] = {}
        self.secrets = Secrets()
        """What came from the environment or stands in a field named like a secret."""
        self.recipes: dict[int, Recipe] = {}
        """By the `id` of the component."""

    def made(self, tree: Tree, path: str) -> object:
        """The value of a part; `path`: what messages call its place in the whole, such as `runner.node`."""
        if id(tree) not in self._made:  # the tree is kept, so that its id is not given to another
            self._made[id(tree)] = tree, self._new(tree, path)
        return self._made[id(tree)][1]

    def component(self, cls: type, tree: Mapping, label: str, path: str) -> object:
        """An instance of a class with the entries of a mapping as fields."""
        values = {key: self._field(cls, key, entry, f"{path}.{key}") for key, entry in tree.entries.items()}
        is_strict = self._components.is_strict(cls)
        construction = Construction(cls, tree, label, path, is_strict, self._problems, self.secrets, self._as_plugin)
        made = construction.made(values)
        self.recipes[id(made)] = Recipe(label, {str(key): value for key, value in values.items()})
        return made

    def plugin(self, cls: type, tree: Mapping, label: str, path: str) -> object:
        """As `component`, for something that is to be called for its hooks."""
        made = self.component(cls, tree, label, path)
        try:
            return made if made is BROKEN else self._as_plugin(made)
        except PluginError as error:
            return self._broken(tree, str(error))

    def has_made(self, cls: type) -> bool:
        """Whether a part is an instance of exactly this class."""
        return any(type(value) is cls for _, value in self._made.values())

    def _as_plugin(self, component: object) -> object:
        """Raises `PluginError`."""
        plugin = component if self._plugin_of is None else self._plugin_of(component)
        if id(component) in self.recipes:
            self.recipes[id(plugin)] = self.recipes[id(component)]
        return plugin

    def _field(self, cls: type, key: Plain, tree: Tree, path: str) -> object:
        """A mapping that options made (`--set mesos.ssl.server_verify=false`) is the component that its field asks for.

        In a file a component has a tag: who reads it need not know the classes.
        """
        if isinstance(tree, Mapping) and tree.tag is None and tree.place.is_option:
            wanted = component_class(cls, str(key))
            if wanted is not None and id(tree) not in self._made:
                self._made[id(tree)] = tree, self.component(wanted, tree, f"!{wanted.__name__}", path)
        return self.made(tree, path)

    def _new(self, tree: Tree, path: str) -> object:
        if tree.tag == "Env":
            return self.secrets.noted(env_value(tree, self._problems))
        if tree.tag is not None:
            return self._tagged(tree, tree.tag, path)
        if isinstance(tree, Scalar):
            self._warn_of_variables(tree)
            return tree.value
        if isinstance(tree, Sequence):
            items = [self.made(item, f"{path}[{number}]") for number, item in enumerate(tree.items)]
            return BROKEN if holds_broken(items) else items
        entries = {key: self.made(entry, f"{path}.{key}") for key, entry in tree.entries.items()}
        return BROKEN if holds_broken(entries.values()) else entries

    def _tagged(self, tree: Tree, tag: str, path: str) -> object:
        try:
            cls = self._components.load(tag)
        except PluginError as error:
            return self._broken(tree, f"!{tag}: {error}")
        if isinstance(tree, Sequence):
            return self._broken(tree, f"!{tag}: its fields expected as a mapping, found a list")
        if issubclass(cls, enum.Enum):
            return self._member(cls, tree)
        if isinstance(tree, Scalar):
            if tree.value:
                text = without_login(str(tree.value))[:80]
                self._problems.warn(tree.place, f"!{tag} takes no text; {text!r} is ignored")
            tree = Mapping(tree.place, tag)
        return self.component(cls, tree, f"!{tag}", path)

    def _member(self, cls: type[enum.Enum], tree: Scalar | Mapping) -> object:
        value = tree.value if isinstance(tree, Scalar) else None
        found = next((member for member in cls if str(member.value) == value), None)
        if found is not None:
            return found
        allowed = " or ".join(f"'!{tree.tag} {member.value}'" for member in cls) or "nothing"
        return self._broken(tree, f"!{tree.tag}: {allowed} expected")

    def _warn_of_variables(self, tree: Scalar) -> None:
        for name in VARIABLE.findall(tree.value) if isinstance(tree.value, str) else ():
            if name in os.environ:
                self._problems.warn(tree.place, f"${name} stays as it stands; for its value write !Env {name}")

    def _broken(self, tree: Tree, message: str) -> object:
        self._problems.error(tree.place, message)
        return BROKEN
