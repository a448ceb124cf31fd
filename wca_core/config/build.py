"""Makes the components of a configuration: finds the class of a tag, checks the fields against its types, calls it.

All errors of a file that do not depend on each other are told together.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias, cast, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from wca_core.config.loader import Mapping, Place, Scalar, Sequence, Tree, load_file
from wca_core.errors import ConfigurationError, PluginError, WcaError

Resolve: TypeAlias = Callable[[str], type]

MOST_ERRORS = 20
STRICT = ConfigDict(strict=True, extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False)


def build_file(path: str, resolve: Resolve) -> Any:
    """The runner that a file describes; `resolve` gives the class of a tag or raises `PluginError`.

    Raises `ConfigurationError` with one line an error.
    """
    tree = load_file(path)
    builder = _Builder(resolve)
    runner = builder.runner(tree)
    if builder.errors:
        ordered = sorted(builder.errors, key=lambda error: error[0].line)
        raise ConfigurationError("\n".join(f"{place}: {message}" for place, message in ordered[:MOST_ERRORS]))
    return runner


class _Broken:
    """Stands for what could not be made; its error is already told."""


BROKEN = _Broken()


class _Builder:
    def __init__(self, resolve: Resolve) -> None:
        self.errors: list[tuple[Place, str]] = []
        self._resolve = resolve
        self._made: dict[int, object] = {}

    def runner(self, tree: Tree) -> object:
        if not isinstance(tree, Mapping) or tree.tag:
            return self._broken(tree.place, "a mapping with 'runner' expected")
        unknown = [name for name in tree.entries if name != "runner"]
        for name in unknown:
            self._broken(tree.entries[name].place, f"unknown key {name!r}; allowed: runner")
        if "runner" not in tree.entries:
            return self._broken(tree.place, "'runner' is missing")
        runner = self.made(tree.entries["runner"])
        if runner is not BROKEN and not hasattr(runner, "plan"):
            place = tree.entries["runner"].place
            return self._broken(place, f"runner: a runner expected, found {type(runner).__name__}")
        return runner

    def made(self, tree: Tree) -> object:
        """The value of a part; parts that stand in two places through an alias are made once."""
        if id(tree) not in self._made:
            self._made[id(tree)] = self._component(tree) if tree.tag else self._plain(tree)
        return self._made[id(tree)]

    def _plain(self, tree: Tree) -> object:
        if isinstance(tree, Scalar):
            return tree.value
        values = [self.made(item) for item in (tree.items if isinstance(tree, Sequence) else tree.entries.values())]
        if any(value is BROKEN for value in values):
            return BROKEN
        return values if isinstance(tree, Sequence) else dict(zip(tree.entries, values, strict=True))

    def _component(self, tree: Tree) -> object:
        assert tree.tag is not None
        try:
            cls = self._resolve(tree.tag)
        except PluginError as error:
            return self._broken(tree.place, f"!{tree.tag}: {error}")
        if isinstance(tree, Sequence) or (isinstance(tree, Scalar) and tree.value):
            return self._broken(tree.place, f"!{tree.tag}: its fields expected as a mapping")
        entries = tree.entries if isinstance(tree, Mapping) else {}
        fields = {str(name): self.made(entry) for name, entry in entries.items()}
        return self._constructed(tree, cls, fields, {str(name): entry for name, entry in entries.items()})

    def _constructed(self, tree: Tree, cls: type, fields: dict[str, object], entries: dict[str, Tree]) -> object:
        try:
            hints = _hints(cls)
        except Exception as error:  # noqa: BLE001  annotations are code of the component
            return self._broken(tree.place, f"!{tree.tag}: its annotations cannot be read: {error}")
        before = len(self.errors)
        for name in fields.keys() - hints.keys():
            self._broken(entries[name].place, _unknown_field(tree.tag, name, list(hints)))
        for name in _required(cls) - fields.keys():
            self._broken(tree.place, f"!{tree.tag} needs {name}")
        checked = {}
        for name, value in fields.items():
            if name in hints and value is not BROKEN:
                checked[name] = self._checked(tree.tag, name, hints[name], value, entries[name])
        if len(self.errors) > before or len(checked) < len(fields):
            return BROKEN
        try:
            return cls(**checked)
        except WcaError as error:
            return self._broken(tree.place, f"!{tree.tag}: {error}")
        except Exception as error:  # noqa: BLE001  a constructor may raise anything
            return self._broken(tree.place, f"!{tree.tag} cannot be made: {type(error).__name__}: {error}")

    def _checked(self, tag: str | None, name: str, hint: object, value: object, entry: Tree) -> object:
        try:
            return getattr(_adapter(hint)(value=value), "value")  # noqa: B009  the model is made at run time
        except ValidationError as error:
            for one in error.errors()[:3]:
                path = ".".join(map(str, (name, *_data_path(one["loc"], value))))
                place = _place_of(entry, one["loc"][1:])
                found = f"{_shortened(one['input'])} ({type(one['input']).__name__})"
                self._broken(place, f"!{tag} {path}: {_lowered(one['msg'])}, found {found}")
        return BROKEN

    def _broken(self, place: Place, message: str) -> object:
        self.errors.append((place, message))
        return BROKEN


@cache
def _adapter(hint: object) -> type[BaseModel]:
    """A model with one field of this type: checks strictly, so that `"1"` is no number and `yes` no boolean."""
    model: type[BaseModel] = create_model("Field", __config__=STRICT, value=(cast("Any", hint), ...))
    return model


def _hints(cls: type) -> dict[str, object]:
    """The fields a constructor takes, with their types."""
    hints = get_type_hints(vars(cls).get("__init__", cls), include_extras=True)
    return {name: hints.get(name, object) for name in inspect.signature(cls).parameters}


def _required(cls: type) -> set[str]:
    return {
        name
        for name, parameter in inspect.signature(cls).parameters.items()
        if parameter.default is inspect.Parameter.empty and parameter.kind is not inspect.Parameter.VAR_KEYWORD
    }


def _unknown_field(tag: str | None, name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    has = f"it has {', '.join(known)}" if known else "it has none"
    return f"!{tag} has no field {name!r}; {has}{hint}"


def _data_path(location: tuple[int | str, ...], value: Any) -> list[int | str]:
    """The part of pydantic's location that leads into the data; the rest names alternatives of a union."""
    path: list[int | str] = []
    for step in location[1:]:
        is_item = isinstance(value, list) and isinstance(step, int) and step < len(value)
        if is_item or (isinstance(value, dict) and step in value):
            value = cast("Any", value)[step]
            path.append(step)
    return path


def _place_of(tree: Tree, location: tuple[int | str, ...]) -> Place:
    """The place of the innermost part that a location leads to."""
    for step in location:
        if isinstance(tree, Sequence) and isinstance(step, int) and step < len(tree.items):
            tree = tree.items[step]
        elif isinstance(tree, Mapping) and step in tree.entries:
            tree = tree.entries[step]
    return tree.place


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]
