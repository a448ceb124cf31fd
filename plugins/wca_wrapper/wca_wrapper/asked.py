"""From options and a file to an order: both become one tree, which is checked and made like any component."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence as AbstractSequence
from typing import cast

from wca_core.config.build import Builder
from wca_core.config.loader import load_file
from wca_core.config.problems import Problems
from wca_core.config.tree import Mapping, Place, Plain, Scalar, Sequence, Tree
from wca_core.errors import ConfigurationError
from wca_core.registry import Registry
from wca_wrapper.settings import Wrapping


def asked(options: AbstractMapping[str, object], file: str | None = None) -> Wrapping:
    """What is asked for; an option goes over the same key of the file. Raises `ConfigurationError`."""
    problems = Problems()
    tree = load_file(file, problems) if file is not None else Mapping(Place(""), None)
    if not isinstance(tree, Mapping) or tree.tag:
        raise ConfigurationError(f"{file}: a mapping of options expected")
    given = {name: _tree(Place(f"--{name}"), _meant(name, value)) for name, value in options.items()}
    entries = {name: _of_file(name, part) for name, part in tree.entries.items()}
    entries.update(given.items())
    if given.keys() & {"command", "words"}:
        entries = {key: part for key, part in entries.items() if key in given or key not in ("command", "words")}
    slo = entries.get("slo")
    if isinstance(slo, Scalar) and slo.value == math.inf:
        del entries["slo"]  # the default, which no checked number can be
    whole = Mapping(tree.place, None, entries, tree.key_places)
    made = Builder(Registry(), problems).component(Wrapping, whole, "wrapper", "wrapper")
    problems.refuse()
    return cast("Wrapping", made)


def made_storage(word: str, fields: AbstractMapping[str, object], place: str) -> object:
    """A storage plugin by its name, checked. Raises `ConfigurationError`, and `PluginError` if it is not installed."""
    registry, problems = Registry(), Problems()
    cls = registry.load_plugin(word)
    tree = Mapping(Place(place), None, {name: _tree(Place(place), value) for name, value in fields.items()})
    made = Builder(registry, problems).component(cls, tree, word, word)
    problems.refuse()
    return made


def _meant(name: str, value: object) -> object:
    """The value that the text of an option stands for."""
    if name == "labels":
        return _labels(str(value))
    if name == "kafka_brokers":
        return [one.strip() for one in str(value).split(",") if one.strip()]
    return value.upper() if name == "log_level" and isinstance(value, str) else value


def _of_file(name: Plain, part: Tree) -> Tree:
    """As an option it would be a text; a file may have it so too, and has numbers where options have digits."""
    if not isinstance(part, Scalar) or part.tag or part.value is None:
        return part
    return _tree(part.place, _meant(str(name), str(part.value) if name == "stderr" else part.value))


def _labels(text: str) -> object:
    """A JSON object; single quotes are tolerated. Raises `ConfigurationError`."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError) as error:
            raise ConfigurationError(f"--labels {text!r}: a JSON object of texts expected") from error


def _tree(where: Place, value: object) -> Tree:
    if isinstance(value, AbstractMapping):
        return Mapping(where, None, {key: _tree(where, one) for key, one in value.items()})
    if isinstance(value, AbstractSequence) and not isinstance(value, str):
        return Sequence(where, None, [_tree(where, one) for one in value])
    return Scalar(where, None, cast("Plain", value))
