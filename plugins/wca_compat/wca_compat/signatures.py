"""The two generations of a method, told apart by how many positional parameters it has.

| parameters | generation |
|---|---|
| as many as one of the forms | that one |
| more or fewer may be given (defaults, `*rest`), and one form fits | that one |
| `*arguments` alone, of a decorator that does not say what it wraps | that of the method it holds |
| any other, or a keyword-only one without a default | refused |
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from types import FunctionType

from wca_core import PluginError

DETECT = {
    2: "detect(platform, tasks_data)",
    4: "detect(platform, tasks_measurements, tasks_resources, tasks_labels)",
}
ALLOCATE = {
    2: "allocate(platform, tasks_data)",
    5: "allocate(platform, tasks_measurements, tasks_resources, tasks_labels, tasks_allocations)",
}
GET_TASKS = {0: "get_tasks()"}
STORE = {1: "store(metrics)"}
"""By number of positional parameters."""


def count_of(component: object, name: str, forms: Mapping[int, str]) -> int:
    """With how many arguments a method is to be called. Raises `PluginError` that names the forms there are."""
    try:
        method = _method(component, name)
        if len(forms) == 1 and not _has_signature(method):  # written in C
            return next(iter(forms))
        found = next((count for one in _seen(method, name) if (count := _fitting(one, forms)) is not None), None)
        shown = f"{name}{inspect.signature(method)}"
    except Exception as error:
        raise PluginError(f"{type(component).__name__}.{name} cannot be looked at: {error}") from error
    if found is None:
        raise PluginError(f"{type(component).__name__}: {' or '.join(forms.values())} expected, found {shown:.200}")
    return found


def _method(component: object, name: str) -> Callable[..., object]:
    """Raises `TypeError` for what cannot be called as a method."""
    method: object = getattr(component, name)
    if not callable(method):
        raise TypeError(f"{name} is a {type(method).__name__}")
    if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):
        raise TypeError(f"async def {name}; nobody would await it: def expected")
    return method


def _has_signature(method: Callable[..., object]) -> bool:
    try:
        inspect.signature(method)
    except ValueError:
        return False
    return True


def _seen(method: Callable[..., object], name: str) -> Iterator[inspect.Signature]:
    """The signature, and that of a method of this name that decorators hold."""
    yield inspect.signature(method)
    for held in _held(getattr(method, "__func__", method)):
        if held.__name__ == name:
            signature = inspect.signature(held)
            yield signature.replace(parameters=[*signature.parameters.values()][1:])


def _held(function: object, depth: int = 5) -> Iterator[FunctionType]:
    """What a decorator wraps, and what that wraps; no further than anybody decorates."""
    for cell in getattr(function, "__closure__", None) or ():
        with suppress(ValueError):  # a cell that is empty
            held = cell.cell_contents
            if isinstance(held, FunctionType) and depth:
                yield held
                yield from _held(held, depth - 1)


def _fitting(signature: inspect.Signature, forms: Mapping[int, str]) -> int | None:
    """The form that a signature has; None if none, or more than one."""
    positional, has_rest = [], False
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            positional.append(parameter)
        elif parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty:
            return None
        has_rest |= parameter.kind is parameter.VAR_POSITIONAL
    if len(positional) in forms:
        return len(positional)
    needed = sum(parameter.default is parameter.empty for parameter in positional)
    most = math.inf if has_rest else len(positional)
    possible = [count for count in forms if needed <= count <= most]
    return possible[0] if len(possible) == 1 else None
