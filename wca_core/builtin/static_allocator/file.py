"""The file of rules, which may change while the agent runs: the last version that could be read counts."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence

from wca_core.builtin.static_allocator.rules import Rule, RuleError, rules_of
from wca_core.config.loader import load_text
from wca_core.config.misfit import place_in
from wca_core.config.problems import Problems
from wca_core.config.safe_file import read_safely
from wca_core.config.tree import Mapping, Place, Scalar, Tree
from wca_core.config.tree import Sequence as Items
from wca_core.errors import ConfigurationError

log = logging.getLogger("wca.static_allocator")


class RuleFile:
    """Read in every call, parsed only if its content changed.

    | the file | the rules are |
    |---|---|
    | is there and right | its own |
    | is not there | none, with a warning |
    | cannot be read or is wrong | those of before, with an error that tells the line |
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._problems = Problems()
        self._content: bytes | None = None
        """That was looked at last; None: there was no file."""
        self._was_there = True
        self._complaint = ""
        self._rules: Sequence[Rule] = ()

    def rules(self) -> Sequence[Rule]:
        """The very same list as before if nothing changed."""
        if not os.path.exists(self._path):
            return self._missing()
        self._was_there = True
        try:
            content = read_safely(self._path, self._problems)
        except ConfigurationError as error:
            self._complain(str(error))
            return self._rules
        if content != self._content:
            self._content = content
            self._take(content)
        return self._rules

    def _missing(self) -> Sequence[Rule]:
        if self._was_there:
            log.warning("%s is not there: no rules of it are applied", self._path)
            self._was_there, self._content, self._rules, self._complaint = False, None, (), ""
        return self._rules

    def _take(self, content: bytes) -> None:
        doubts: list[str] = []
        try:
            self._rules = _parsed(self._path, content, doubts)
        except ConfigurationError as error:
            self._complain(str(error))
            return
        self._complaint = ""
        for doubt in doubts:
            log.warning("%s: %s", self._path, doubt)

    def _complain(self, message: str) -> None:
        """Once until something else is wrong."""
        if message != self._complaint:
            self._complaint = message
            log.error("%s; the rules of before stay", message)


def _parsed(path: str, content: bytes, doubts: list[str]) -> Sequence[Rule]:
    """Raises `ConfigurationError` with the place."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8 (byte {error.start})") from error
    tree = load_text(text, path)
    try:
        return rules_of(_plain(tree), doubts)
    except RuleError as error:
        raise ConfigurationError(f"{_place(tree, error)}: {error}") from error


def _place(tree: Tree, error: RuleError) -> Place:
    return place_in(tree, error.path)


def _plain(tree: Tree) -> object:
    """Plain values. A tag is not needed here (`rdt: !RDTAllocation {...}`), only its fields."""
    if isinstance(tree, Scalar):
        return tree.value
    if isinstance(tree, Items):
        return [_plain(item) for item in tree.items]
    assert isinstance(tree, Mapping)
    return {key: _plain(entry) for key, entry in tree.entries.items()}
