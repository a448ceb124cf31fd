"""What the constructor of a component takes."""

from __future__ import annotations

import inspect
from dataclasses import InitVar, dataclass, is_dataclass
from typing import get_type_hints


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
    parameters = inspect.signature(cls).parameters.values()
    try:
        hints, lack = _hints(cls), "it has no annotation"
    except Exception as error:  # noqa: BLE001  annotations are code of the component
        hints, lack = {}, f"its annotations cannot be read: {type(error).__name__}: {error}"
    return {
        parameter.name: Parameter(
            name=parameter.name,
            hint=hints.get(parameter.name),
            default=parameter.default,
            lack="" if parameter.name in hints else lack,
            takes_others=parameter.kind is inspect.Parameter.VAR_KEYWORD,
        )
        for parameter in parameters
        if parameter.kind is not inspect.Parameter.VAR_POSITIONAL
    }


def _hints(cls: type) -> dict[str, object]:
    """Types by name. Those of a dataclass are looked up in the modules of the classes where its fields stand."""
    if is_dataclass(cls):
        hints = get_type_hints(cls, include_extras=True)
        return {name: hint.type if isinstance(hint, InitVar) else hint for name, hint in hints.items()}
    return get_type_hints(getattr(cls, "__init__"), include_extras=True)  # noqa: B009  of the class, not of an instance
