"""The top level of a configuration: the tree form with `runner`, or the short form with `agent` and `plugins`."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field

from wca_core.config.environment import env_value
from wca_core.config.masking import Secrets, shown
from wca_core.config.problems import Problems
from wca_core.config.tree import Mapping, Place, Scalar, Tree
from wca_core.errors import ConfigurationError
from wca_core.logs import check_level

KEYS = ("runner", "agent", "plugins", "loggers")


@dataclass(slots=True)
class Document:
    """What a configuration holds; without `runner` it is of the short form."""

    runner: Tree | None = None
    agent: Mapping = field(default_factory=lambda: Mapping(Place("--set agent"), None))
    plugins: dict[str, Mapping] = field(default_factory=dict)
    loggers: dict[str, str] = field(default_factory=dict)
    """Levels by logger."""
    is_empty: bool = False
    """It says nothing about what runs."""


def document_of(tree: Tree, problems: Problems) -> Document:
    """The top level. Errors go to `problems`; what has one is left out."""
    document = Document()
    if not isinstance(tree, Mapping) or tree.tag:
        problems.error(tree.place, "a mapping with 'runner', or with 'agent' and 'plugins', expected")
        return Document(is_empty=True)
    for key in tree.entries.keys() - set(KEYS):
        close = difflib.get_close_matches(str(key), KEYS, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        problems.error(tree.place_of(key), f"unknown key {key!r}; allowed: {', '.join(KEYS)}{hint}")
    short = [key for key in ("agent", "plugins") if key in tree.entries]
    if "runner" in tree.entries and short:
        problems.error(tree.place_of(short[0]), f"{short[0]!r} cannot stand beside 'runner'")
    if "runner" not in tree.entries and not short:
        problems.error(tree.place, "'runner' is missing (or 'agent' and 'plugins', the short form)")
    document.runner = tree.entries.get("runner")
    document.is_empty = "runner" not in tree.entries and not short
    document.agent = _fields(tree, "agent", problems) or document.agent
    plugins = _fields(tree, "plugins", problems)
    if plugins is not None:
        for name in plugins.entries:
            before = problems.count
            fields = _fields(plugins, name, problems) or Mapping(plugins.place_of(name), None)
            if problems.count == before:
                document.plugins[str(name)] = fields
    document.loggers = _loggers(tree, problems)
    return document


def _fields(parent: Mapping | None, key: object, problems: Problems) -> Mapping | None:
    """The mapping below a key; None if nothing, or something else, stands there."""
    tree = parent.entries.get(key) if parent else None  # type: ignore[call-overload]
    if tree is None or (isinstance(tree, Scalar) and tree.value is None and not tree.tag):
        return None
    if isinstance(tree, Mapping) and not tree.tag:
        return tree
    problems.error(tree.place, f"{key}: its fields expected as a mapping")
    return None


def _loggers(tree: Mapping, problems: Problems) -> dict[str, str]:
    levels = {}
    loggers = _fields(tree, "loggers", problems)
    for name, level in loggers.entries.items() if loggers else ():
        value = env_value(level, problems) if level.tag == "Env" else getattr(level, "value", level)
        try:
            if not isinstance(value, str):
                raise ConfigurationError(f"a level expected, found {shown(value)}")
            levels[str(name)] = check_level(str(value))
        except ConfigurationError as error:
            secrets = Secrets()
            secrets.note(value)
            problems.error(level.place, f"loggers.{name}: {secrets.masked(str(error))}")
    return levels
