"""What third parties build on, as plain values: written to contract.json by `python -m tests.contract`.

| section | what |
|---|---|
| wca_core | every name of `wca_core.__all__` |
| wca_core.testing | every name of the kit |
| wca_core.config.field_types | the types for fields |
| hooks | every hook with its arguments |
| wca_core.linux | the pairs `read_x` and `parse_x` |
"""

from __future__ import annotations

import enum
import inspect
import json
import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import wca_core
from wca_core import hookspecs, linux, testing
from wca_core.config import field_types
from wca_core.dispatch import HOOKS
from wca_core.plugin_api import API

FILE = Path(__file__).with_name("contract.json")

ABLE = ("__iter__", "__len__", "__getitem__", "__contains__", "__lt__", "__call__", "__enter__", "__str__")
"""What code may do with an object without naming a member of it; equality and being a key are looked at apart."""

Parameter: TypeAlias = Mapping[str, Any]
Contract: TypeAlias = dict[str, Any]


def contract() -> Contract:
    """As it is today."""
    return {
        "api": API,
        "hooks": {name: _function(getattr(hookspecs, name)) for name in sorted(HOOKS)},
        "wca_core": {name: _described(getattr(wca_core, name)) for name in sorted(wca_core.__all__)},
        "wca_core.testing": {name: _described(getattr(testing, name)) for name in sorted(testing.__all__)},
        "wca_core.config.field_types": dict(_own(field_types)),
        "wca_core.linux": dict(_pairs()),
    }


def stored() -> Contract:
    """As it was when it was last agreed to."""
    found: Contract = json.loads(FILE.read_text())
    return found


def _own(module: Any) -> Iterator[tuple[str, Any]]:
    for name, value in sorted(vars(module).items()):
        is_own = getattr(value, "__module__", None) in (module.__name__, "typing") and not name.startswith("_")
        if is_own and name not in ("Annotated", "Any", "TYPE_CHECKING"):
            yield name, _described(value)


def _pairs() -> Iterator[tuple[str, Any]]:
    for info in pkgutil.iter_modules(linux.__path__, "wca_core.linux."):
        module = import_module(info.name)
        for name, value in sorted(vars(module).items()):
            is_own = inspect.isfunction(value) and value.__module__ == info.name
            if is_own and name.startswith(("read_", "parse_")):
                yield f"{info.name.rpartition('.')[2]}.{name}", _function(value)


def _described(value: Any) -> Any:
    if inspect.isclass(value):
        return _enum(value) if issubclass(value, enum.Enum) else _class(value)
    return _function(value) if inspect.isfunction(value) else {"value": _shown(value)}


def _shown(value: Any) -> str:
    text = f"{type(value).__name__} {value}" if isinstance(value, enum.Enum) else str(value)
    return text if " at 0x" not in text else type(value).__name__


def _enum(cls: type[enum.Enum]) -> Any:
    return {
        "is": [base.__name__ for base in cls.__mro__[1:] if base is not object],
        "members": {member.name: member.value for member in cls},
    }


def _class(cls: type) -> Any:
    public = {name: member for name, member in _members(cls) if not name.startswith("_")}
    known = {getattr(wca_core, name) for name in wca_core.__all__ if inspect.isclass(getattr(wca_core, name))}
    bases = [base for base in cls.__mro__[1:] if base in known or base.__module__ == "builtins"]
    fields = {
        name: str(hint)
        for base in reversed(cls.__mro__)
        for name, hint in inspect.get_annotations(base).items()
        if not name.startswith("_")
    }
    return {
        "is": [base.__name__ for base in bases],
        "can": [*_abilities(cls)],
        "made": _parameters(inspect.signature(cls)) if _has_constructor(cls) else [],
        "fields": fields,
        "members": {name: member for name, member in public.items() if name not in fields},
    }


def _abilities(cls: type) -> Iterator[str]:
    yield from (name for name in ABLE if any(name in vars(base) for base in cls.__mro__[:-1]))
    if cls.__eq__ is not object.__eq__:
        yield "be compared by value"
    if cls.__hash__ is not None:
        yield "be a key"
    if cls.__setattr__ is object.__setattr__:
        yield "be assigned to"


def _has_constructor(cls: type) -> bool:
    """One of Python code, which a protocol does not have."""
    return inspect.isfunction(cls.__init__) and not getattr(cls, "_is_protocol", False)


def _members(cls: type) -> Iterator[tuple[str, Any]]:
    for base in reversed([one for one in cls.__mro__ if one.__module__.startswith("wca_core")]):
        for name, member in vars(base).items():
            if isinstance(member, property):
                yield name, {"type": str(inspect.signature(member.fget).return_annotation) if member.fget else ""}
            elif type(member).__name__ == "cached_property":
                yield name, {"type": str(inspect.signature(member.func).return_annotation)}
            elif inspect.isfunction(member) or isinstance(member, classmethod | staticmethod):
                yield name, _function(getattr(member, "__func__", member))


def _function(function: Any) -> Any:
    signature = inspect.signature(function)
    return {"parameters": _parameters(signature), "gives": str(signature.return_annotation)}


def _parameters(signature: inspect.Signature) -> list[Parameter]:
    return [
        {
            "name": one.name,
            "type": str(one.annotation),
            "how": one.kind.name.lower(),
            "required": one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD),
            **({} if one.default is one.empty else {"default": _shown(one.default)}),
        }
        for one in signature.parameters.values()
        if one.name not in ("self", "cls")
    ]


# -- what changed -------------------------------------------------------------------------------


def broken(old: Any, new: Any, place: str = "") -> Iterator[str]:
    """What somebody relied on and is no longer so, a line each."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name, value in old.items():
            inner = f"{place}.{name}" if place else name
            if name not in new:
                yield f"{inner} is gone"
            else:
                yield from broken(value, new[name], inner)
    elif place.endswith((".made", ".parameters")):
        yield from _broken_parameters(old, new, place)
    elif place.endswith((".is", ".can")):
        yield from (f"{place}: {one} no longer" for one in old if one not in new)
    elif old != new and place != "api":
        yield f"{place} was {old!r} and is {new!r}"


def added(old: Any, new: Any, place: str = "") -> Iterator[str]:
    """What is there and nobody has agreed to yet, a line each."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name, value in new.items():
            inner = f"{place}.{name}" if place else name
            if name not in old:
                yield inner
            else:
                yield from added(old[name], value, inner)
    elif old != new:
        yield place


def _broken_parameters(old: list[Parameter], new: list[Parameter], place: str) -> Iterator[str]:
    names = [one["name"] for one in new]
    for number, one in enumerate(old):
        if one["name"] not in names:
            yield f"{place}: no parameter {one['name']} any more"
            continue
        now = new[names.index(one["name"])]
        is_other = one["type"] != now["type"] or one["how"] != now["how"]
        if is_other or (not one["required"] and one.get("default") != now.get("default")):
            yield f"{place}: {one['name']} was {dict(one)} and is {dict(now)}"
        elif (
            one["how"] == "positional_or_keyword"
            and names.index(one["name"]) != number
            and not place.startswith("hooks.")
        ):
            yield f"{place}: {one['name']} stands in another place"
    if place.startswith("hooks."):
        return  # each plugin takes the arguments that it names
    known = {one["name"] for one in old}
    yield from (
        f"{place}: {one['name']} is required now" for one in new if one["name"] not in known and one["required"]
    )


if __name__ == "__main__":
    FILE.write_text(json.dumps(contract(), indent=1, sort_keys=True) + "\n")
