"""What the constructor of a component takes."""

from __future__ import annotations

import inspect
import sys
from dataclasses import InitVar, dataclass, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True, slots=True)
class Parameter:
    """One field of a component."""

    name: str
    hint: object
    default: object
    """`inspect.Parameter.empty` if there is none."""
    lack: str = ""
    """Why there is no type to check a value against; empty if there is one."""
    takes_others: bool = False
    """It is `**fields`: whatever no other parameter takes."""

    @property
    def is_required(self) -> bool:
        return self.default is inspect.Parameter.empty and not self.takes_others


def parameters_of(cls: type) -> dict[str, Parameter]:
    """The fields of a class by name. Raises `TypeError` or `ValueError` for a class without a readable signature."""
    hints, lacks = _hints(cls)
    found = {}
    for parameter in _signature(cls).parameters.values():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            continue
        name, annotation = parameter.name, parameter.annotation
        if name not in hints and annotation is not inspect.Parameter.empty and not isinstance(annotation, str):
            hints[name] = annotation  # of a class whose constructor is not written in Python
        found[name] = Parameter(
            name=name,
            hint=hints.get(name),
            default=parameter.default,
            lack="" if name in hints else lacks.get(name, "it has no annotation"),
            takes_others=parameter.kind is inspect.Parameter.VAR_KEYWORD,
        )
    return found


def component_class(cls: type, field: str) -> type | None:
    """The class of components that a field takes; None if it takes something else, or several classes of them."""
    try:
        parameter = parameters_of(cls).get(field)
    except (TypeError, ValueError):
        return None
    hint = parameter.hint if parameter is not None else None
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    wanted = [option for option in options if option is not NoneType]
    return wanted[0] if len(wanted) == 1 and isinstance(wanted[0], type) and is_dataclass(wanted[0]) else None


def _signature(cls: type) -> inspect.Signature:
    """Of the constructor, also behind a `__new__` or metaclass that takes whatever it is given, as singletons do."""
    found = inspect.signature(cls)
    takes_anything = all(one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) for one in found.parameters.values())
    constructor = inspect.getattr_static(cls, "__init__")
    if not (found.parameters and takes_anything and inspect.isfunction(constructor)):
        return found
    behind = inspect.signature(constructor)
    return behind.replace(parameters=[*behind.parameters.values()][1:])


def _hints(cls: type) -> tuple[dict[str, object], dict[str, str]]:
    """Types by name, and why there is none; those of a dataclass are looked up where its fields stand."""
    hints: dict[str, object] = {}
    lacks: dict[str, str] = {}
    constructor = getattr(cls, "__init__")  # noqa: B009  of the class, not of an instance
    sources = reversed(cls.__mro__) if is_dataclass(cls) else [constructor]
    for source in sources:
        module = sys.modules.get(getattr(source, "__module__", None) or "")
        names = vars(module) if module is not None else {}
        for name, annotation in inspect.get_annotations(source).items():
            try:
                hints[name] = _evaluated(annotation, names)
            except Exception as error:  # noqa: BLE001  annotations are code of the component
                lacks[name] = f"its annotation cannot be read: {type(error).__name__}: {error}"
    return hints, lacks


def _evaluated(annotation: object, names: dict[str, object]) -> object:
    """One by one: an import for type checkers only must not cost the other fields their types."""
    holder = type("holder", (), {"__annotations__": {"one": annotation}})
    hint = get_type_hints(holder, globalns=names, include_extras=True)["one"]
    return hint.type if isinstance(hint, InitVar) else hint
