"""Writes a tree as YAML; a part that stands in two places is written once, with an anchor."""

from __future__ import annotations

import json

import yaml

from wca_core.config.loader import CoreLoader
from wca_core.config.tree import Plain, Scalar, Sequence, Tree

CORE = "tag:yaml.org,2002:"
SPECIAL = {"None": "null", "inf": ".inf", "-inf": "-.inf", "nan": ".nan"}
KINDS = {bool: "bool", int: "int", float: "float", type(None): "null"}


def text_of(tree: Tree) -> str:
    """The YAML text."""
    return str(yaml.serialize(_Nodes().node(tree), Dumper=_Dumper, width=120))


class _Dumper(yaml.SafeDumper):
    """Knows the same words for numbers and booleans as the loader, and gives anchors readable names."""

    yaml_implicit_resolvers = CoreLoader.yaml_implicit_resolvers

    def generate_anchor(self, node: yaml.Node) -> str:
        return f"shared{int(super().generate_anchor(node).removeprefix('id'))}"


class _Nodes:
    """PyYAML's nodes of our parts, each made once."""

    def __init__(self) -> None:
        self._known: dict[int, yaml.Node] = {}

    def node(self, tree: Tree) -> yaml.Node:
        if id(tree) not in self._known:
            self._known[id(tree)] = self._new(tree)
        return self._known[id(tree)]

    def _new(self, tree: Tree) -> yaml.Node:
        if isinstance(tree, Scalar):
            return _scalar(tree.value, tree.tag)
        tag = f"!{tree.tag}" if tree.tag else None
        if isinstance(tree, Sequence):
            is_short = all(isinstance(item, Scalar) for item in tree.items)
            return yaml.SequenceNode(tag or f"{CORE}seq", [*map(self.node, tree.items)], flow_style=is_short)
        pairs = [(_scalar(key), self.node(entry)) for key, entry in tree.entries.items()]
        return yaml.MappingNode(tag or f"{CORE}map", pairs, flow_style=not pairs)


def _scalar(value: Plain, tag: str | None = None) -> yaml.ScalarNode:
    if tag:
        return yaml.ScalarNode(f"!{tag}", str(value or ""), style="")
    if isinstance(value, str):
        return yaml.ScalarNode(f"{CORE}str", value)
    text = SPECIAL.get(str(value)) or json.dumps(value)
    return yaml.ScalarNode(f"{CORE}{KINDS[type(value)]}", text)
