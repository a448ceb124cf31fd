"""Reads YAML into a tree that still knows from which line each part came.

YAML 1.2 core schema: only `true` and `false` are booleans, so `yes` and `on` are strings. Nothing
is constructed here, and a tag is only a name.
"""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from wca_core.errors import ConfigurationError

LARGEST = 1 << 20
MOST_NODES = 10_000
"""Of one document, with every alias counted as often as it stands."""

Tree: TypeAlias = "Scalar | Sequence | Mapping"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: for messages."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(eq=False, slots=True)
class Scalar:
    place: Place
    tag: str | None
    value: str | int | float | bool | None


@dataclass(eq=False, slots=True)
class Sequence:
    place: Place
    tag: str | None
    items: list[Tree] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Mapping:
    place: Place
    tag: str | None
    entries: dict[str | int | float | bool | None, Tree] = field(default_factory=dict)


def load_file(path: str) -> Tree:
    """The tree of a file. Raises `ConfigurationError`, also if the file is not safe to trust.

    It must be a regular file of the user (or the process is root) that others cannot write.
    """
    if not os.path.isabs(path):
        raise ConfigurationError(f"{path}: an absolute path expected (try {os.path.abspath(path)})")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError(f"{path}: cannot be opened: {reason}") from error
    try:
        _check_safety(path, os.fstat(descriptor))  # before a file is made of it, which a directory refuses to be
        with open(descriptor, "rb", closefd=False) as file:
            text = file.read(LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(text) > LARGEST:
        raise ConfigurationError(f"{path}: larger than {LARGEST} bytes")
    try:
        return load_text(text.decode(), os.path.basename(path))
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8 (byte {error.start})") from error


def load_text(text: str, name: str) -> Tree:
    """The tree of one YAML document. Raises `ConfigurationError` with file and line."""
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}" if mark else name
        raise ConfigurationError(f"{place}: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{name}: {_first_line(error)}") from error
    if node is None:
        raise ConfigurationError(f"{name}: is empty; a mapping with 'runner' expected")
    return _Reader(name, loader).tree(node)


class _Loader(yaml.SafeLoader):
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
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_form})$"), list(_first))


class _Reader:
    """Turns composed nodes into our tree. A node that stands in two places becomes one part."""

    def __init__(self, name: str, loader: _Loader) -> None:
        self._name = name
        self._loader = loader
        self._known: dict[int, Tree] = {}
        self._open: set[int] = set()
        self._sizes: dict[int, int] = {}
        self._count = 0

    def tree(self, node: yaml.Node) -> Tree:
        place = self._place(node)
        before = self._count
        self._count += self._sizes.get(id(node), 1)
        if self._count > MOST_NODES:
            raise ConfigurationError(f"{place}: more than {MOST_NODES} nodes, with aliases expanded")
        if id(node) in self._open:
            raise ConfigurationError(f"{place}: an alias refers to a part that contains it")
        if id(node) in self._known:
            return self._known[id(node)]
        self._open.add(id(node))
        try:
            tree = self._known[id(node)] = self._made(node, place)
        except RecursionError as error:
            raise ConfigurationError(f"{place}: nested too deeply") from error
        self._open.discard(id(node))
        self._sizes[id(node)] = self._count - before
        return tree

    def _made(self, node: yaml.Node, place: Place) -> Tree:
        tag = self._tag(node, place)
        if isinstance(node, yaml.ScalarNode):
            return Scalar(place, tag, node.value if tag else self._value(node, place))
        if isinstance(node, yaml.SequenceNode):
            return Sequence(place, tag, [self.tree(item) for item in node.value])
        return Mapping(place, tag, dict(self._entries(node, place)))

    def _entries(self, node: yaml.Node, place: Place) -> Iterator[tuple[str | int | float | bool | None, Tree]]:
        own: dict[object, Place] = {}
        merged: dict[str | int | float | bool | None, Tree] = {}
        found = []
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                self._merge(merged, self.tree(value))
                continue
            name = self.tree(key)
            if not isinstance(name, Scalar) or name.tag:
                raise ConfigurationError(f"{self._place(key)}: a plain word expected as key")
            if name.value in own:
                first = own[name.value].line
                raise ConfigurationError(f"{name.place}: {name.value!r} stands here again; first on line {first}")
            own[name.value] = name.place
            found.append((name.value, self.tree(value)))
        yield from ((name, tree) for name, tree in merged.items() if name not in own)
        yield from found

    def _merge(self, merged: dict[str | int | float | bool | None, Tree], base: Tree) -> None:
        for one in base.items if isinstance(base, Sequence) else [base]:
            if not isinstance(one, Mapping) or one.tag:
                raise ConfigurationError(f"{one.place}: only plain mappings can be merged with '<<'")
            for name, tree in one.entries.items():
                merged.setdefault(name, tree)

    def _tag(self, node: yaml.Node, place: Place) -> str | None:
        if node.tag.startswith("tag:yaml.org,2002:"):
            if node.tag.startswith("tag:yaml.org,2002:python/"):
                raise ConfigurationError(f"{place}: python objects cannot be made by a configuration")
            return None
        if not node.tag.startswith("!") or node.tag == "!":
            return None
        return node.tag[1:]

    def _value(self, node: yaml.ScalarNode, place: Place) -> str | int | float | bool | None:
        kind = node.tag.rpartition(":")[2]
        text = str(node.value)
        try:
            if kind == "null":
                return None
            if kind == "bool":
                return text.lower() == "true"
            if kind == "int":
                return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
            if kind == "float":
                return _float(text)
        except ValueError as error:
            raise ConfigurationError(f"{place}: {text[:80]!r} is no {kind}") from error
        return text

    def _place(self, node: yaml.Node) -> Place:
        return Place(self._name, node.start_mark.line + 1)


def _float(text: str) -> float:
    word = text.lower()
    if word.endswith(".nan"):
        return math.nan
    return float(word.replace(".inf", "inf"))


def _check_safety(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigurationError(f"{path}: a regular file expected")
    if os.geteuid() != 0 and status.st_uid != os.getuid():
        raise ConfigurationError(f"{path}: belongs to uid {status.st_uid}, but the agent runs as uid {os.getuid()}")
    if status.st_mode & stat.S_IWOTH:
        raise ConfigurationError(f"{path}: everybody may write it (chmod o-w {path})")


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
