"""Classes that become components without an entry point: by `-r module:Class`, or by the decorator `register`.

They are ordinary Python with the agent's privileges.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TypeVar, overload

from wca_core.errors import ConfigurationError
from wca_core.known_packages import line_of, module_advice

log = logging.getLogger("wca.config")

_C = TypeVar("_C", bound=type)


@dataclass(frozen=True, slots=True)
class Registration:
    """A class and whether a value whose field has no type to check it against is refused."""

    cls: type
    strict_mode: bool = True

    def __str__(self) -> str:
        return f"{self.cls.__module__}:{self.cls.__qualname__}"


RESERVED = frozenset({"agent", "plugins", "runner", "loggers", "Env", "File", "file"})
"""Words of the configuration itself."""

registered: dict[str, Registration] = {}
"""By tag: what was registered in this process."""


@overload
def register(cls: _C) -> _C: ...
@overload
def register(*, strict_mode: bool = True) -> Callable[[_C], _C]: ...
@overload
def register(cls: _C, *, strict_mode: bool = True) -> _C: ...
def register(cls: _C | None = None, *, strict_mode: bool = True) -> _C | Callable[[_C], _C]:
    """Make a class usable as `!ClassName`. A decorator with and without arguments, and a function.

    `strict_mode`: a value for a field without a type that can be checked is an error; else a warning.
    A later class of the same name replaces the earlier one, with a warning.
    """
    if cls is None:
        return lambda decorated: register(decorated, strict_mode=strict_mode)
    if cls.__name__ in RESERVED:
        raise ConfigurationError(f"{cls.__name__} is a word of the configuration itself; give the class another name")
    before, now = registered.get(cls.__name__), Registration(cls, strict_mode)
    if before is not None and before.cls is not cls:
        log.warning("!%s now means %s, no longer %s", cls.__name__, now, before)
    registered[cls.__name__] = now
    return cls


def register_named(value: str) -> None:
    """Import and register a class. `value`: `package.module:Class`.

    Raises `ConfigurationError` that names the value and the cause.
    """
    module_name, colon, class_path = value.partition(":")
    if not colon or not module_name or not class_path:
        raise ConfigurationError(f"-r {value}: package.module:Class expected")
    try:
        found: object = import_module(module_name)
        for name in class_path.split("."):
            found = getattr(found, name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        hint = module_advice(error) or _lost(error, module_name)
        raise ConfigurationError(f"-r {value}: {type(error).__name__}: {error}{line_of(error)}{hint}") from error
    if not isinstance(found, type):
        raise ConfigurationError(f"-r {value}: a class expected, found a {type(found).__name__}")
    if registered.get(found.__name__, Registration(object)).cls is not found:  # its module may have registered it
        register(found)


def _lost(error: BaseException, module_name: str) -> str:
    """What to do about a module that is not there: the component's own one, or one that it imports."""
    if not isinstance(error, ModuleNotFoundError):
        return ""
    is_own = (error.name or "").partition(".")[0] == module_name.partition(".")[0]
    return " (is its directory in PYTHONPATH?)" if is_own else " (is it installed, or its directory in PYTHONPATH?)"
