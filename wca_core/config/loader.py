"""Reads YAML into a tree that still knows from where each part came.

YAML 1.2 core schema: only `true` and `false` are booleans, so `yes` and `on` are strings. Nothing
is constructed here, and a tag is only a name, except `!File`: the tree of another file stands in its place.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass

import yaml

from wca_core.config.masking import without_login
from wca_core.config.problems import Problems
from wca_core.config.safe_file import read_safely
from wca_core.config.tree import Mapping, Place, Plain, Scalar, Sequence, Tree
from wca_core.errors import ConfigurationError

MOST_NODES = 10_000
"""Of a file and all that it includes, with every alias counted as often as it stands."""

MOST_INCLUDED = 8
"""Files included by included files."""

DEEPEST = 64
"""Parts within parts, through included files too: nobody behind needs to fear the limit of Python's stack."""

INCLUDE = ("File", "file")

CORE = "tag:yaml.org,2002:"


def load_file(path: str, problems: Problems | None = None) -> Tree:
    """The tree of a file and of those it includes. Raises `ConfigurationError`, also if one is not safe to trust."""
    return _Loading(problems or Problems()).tree(path, ())


def load_text(text: str, name: str) -> Tree:
    """The tree of one YAML document that includes no file. Raises `ConfigurationError` with the place."""
    return _tree_of(text, name, _Size(), _no_include)


class _Loading:
    """One file, and what it includes."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._size = _Size()

    def tree(self, path: str, above: tuple[str, ...]) -> Tree:
        content = read_safely(path, self._problems)
        files = (*above, os.path.realpath(path))

        def include(place: Place, name: str) -> Tree:
            target = os.path.join(os.path.dirname(path), name)
            if os.path.realpath(target) in files:
                raise ConfigurationError(f"{place}: {target} includes itself")
            if len(files) > MOST_INCLUDED:
                raise ConfigurationError(f"{place}: more than {MOST_INCLUDED} files included in one another")
            try:
                return self.tree(target, files)
            except ConfigurationError as error:
                raise ConfigurationError(f"{error} (included at {place})") from error

        try:
            return _tree_of(content.decode(), path, self._size, include)
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"{path}: is not UTF-8 (byte {error.start})") from error


@dataclass(slots=True)
class _Size:
    """Of a file and all that it includes."""

    nodes: int = 0
    depth: int = 0
    """Of the part that is being read."""


def _no_include(place: Place, name: str) -> Tree:
    raise ConfigurationError(f"{place}: a file can be included by files only")


def _tree_of(text: str, name: str, size: _Size, include: Callable[[Place, str], Tree]) -> Tree:
    try:
        node = CoreLoader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)
        raise ConfigurationError(f"{place}: {_words(error)}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{name}: {_first_line(error)}") from error
    if node is None:
        raise ConfigurationError(f"{name}: is empty; a mapping expected")
    return _Reader(name, size, include).tree(node)


class CoreLoader(yaml.SafeLoader):
    """SafeLoader with the implicit types of YAML 1.2's core schema."""

    yaml_implicit_resolvers = {}


for _kind, _form, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
):
    CoreLoader.add_implicit_resolver(f"{CORE}{_kind}", re.compile(rf"^(?:{_form})$"), list(_first))


class _Reader:
    """Turns composed nodes into our tree. A node that stands in two places becomes one part."""

    def __init__(self, name: str, size: _Size, include: Callable[[Place, str], Tree]) -> None:
        self._name = name
        self._size = size
        self._include = include
        self._known: dict[int, Tree] = {}
        self._open: set[int] = set()
        self._sizes: dict[int, int] = {}

    def tree(self, node: yaml.Node) -> Tree:
        place = self._place(node)
        before = self._size.nodes
        self._size.nodes += self._sizes.get(id(node), 1)
        if self._size.nodes > MOST_NODES:
            raise ConfigurationError(f"{place}: more than {MOST_NODES} nodes, with aliases expanded")
        if id(node) in self._open:
            raise ConfigurationError(f"{place}: an alias refers to a part that contains it")
        if id(node) in self._known:
            return self._known[id(node)]
        if self._size.depth == DEEPEST:
            raise ConfigurationError(f"{place}: more than {DEEPEST} parts within one another")
        self._open.add(id(node))
        self._size.depth += 1
        tree = self._known[id(node)] = self._made(node, place)
        self._size.depth -= 1
        self._open.discard(id(node))
        self._sizes[id(node)] = self._size.nodes - before
        return tree

    def _made(self, node: yaml.Node, place: Place) -> Tree:
        tag = _tag(node, place)
        if tag in INCLUDE:
            if not isinstance(node, yaml.ScalarNode) or not node.value:
                raise ConfigurationError(f"{place}: !{tag}: the path of a file expected")
            return self._include(place, node.value)
        if isinstance(node, yaml.ScalarNode):
            return Scalar(place, tag, node.value if tag else _value(node, place))
        if isinstance(node, yaml.SequenceNode):
            return Sequence(place, tag, [self.tree(item) for item in node.value])
        return self._mapping(node, Mapping(place, tag))

    def _mapping(self, node: yaml.Node, mapping: Mapping) -> Mapping:
        own: dict[Plain, Tree] = {}
        for key, value in node.value:
            if key.tag == f"{CORE}merge":
                _merge(mapping, self.tree(value))
                continue
            name = self.tree(key)
            if not isinstance(name, Scalar) or name.tag:
                raise ConfigurationError(f"{self._place(key)}: a plain word expected as key")
            if name.value in own:
                first = mapping.key_places[name.value].line
                raise ConfigurationError(f"{name.place}: {name.value!r} stands here again; first on line {first}")
            mapping.key_places[name.value] = name.place
            own[name.value] = self.tree(value)
        mapping.entries.update(own)
        return mapping

    def _place(self, node: yaml.Node) -> Place:
        return Place(self._name, node.start_mark.line + 1, node.start_mark.column + 1)


def _merge(mapping: Mapping, base: Tree) -> None:
    for one in base.items if isinstance(base, Sequence) else [base]:
        if not isinstance(one, Mapping) or one.tag:
            raise ConfigurationError(f"{one.place}: only plain mappings can be merged with '<<'")
        for name, tree in one.entries.items():
            mapping.entries.setdefault(name, tree)


def _tag(node: yaml.Node, place: Place) -> str | None:
    """The name of a local tag; None for what YAML itself knows. Raises `ConfigurationError` for all others."""
    if node.tag.startswith("!") and node.tag != "!":
        return str(node.tag[1:])
    if node.tag.startswith(f"{CORE}python/"):
        raise ConfigurationError(f"{place}: python objects cannot be made by a configuration")
    if node.tag != "!" and not _fits(node):
        raise ConfigurationError(f"{place}: the tag {node.tag!r} means nothing here")
    return None


def _fits(node: yaml.Node) -> bool:
    """Whether a tag of YAML itself stands on a part of its kind."""
    kind = node.tag.removeprefix(CORE)
    if isinstance(node, yaml.ScalarNode):
        return kind in ("str", "null", "bool", "int", "float", "merge")
    return bool(kind == ("seq" if isinstance(node, yaml.SequenceNode) else "map"))


def _value(node: yaml.ScalarNode, place: Place) -> Plain:
    kind = node.tag.rpartition(":")[2]
    text = str(node.value)
    try:
        if kind == "null":
            return _one_of(text, {"": None, "~": None, "null": None})
        if kind == "bool":
            return _one_of(text, {"true": True, "false": False})
        if kind == "int":
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if kind == "float":
            return _float(text)
    except ValueError as error:
        raise ConfigurationError(f"{place}: {without_login(text)[:80]!r} is no {kind}") from error
    return text


def _one_of(text: str, meanings: dict[str, Plain]) -> Plain:
    if text.lower() not in meanings:
        raise ValueError
    return meanings[text.lower()]


def _float(text: str) -> float:
    word = text.lower()
    if word.endswith(".nan"):
        return math.nan
    return float(word.replace(".inf", "inf"))


def _words(error: yaml.MarkedYAMLError) -> str:
    return ", ".join(part for part in (error.context, error.problem) if part)


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
