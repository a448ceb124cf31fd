"""How a class becomes a plugin: `@plugin(api=1)` above it, `@hookimpl` above its hooks.

The API version grows only when an old plugin would no longer work; new hooks and new
optional arguments do not count.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from typing import TypeVar

import pluggy

from wca_core.errors import PluginError
from wca_core.known_packages import OLDER_ADVICE, OLDER_METHODS

API = 1
OLDEST_API = 1

hookspec = pluggy.HookspecMarker("wca")
hookimpl = pluggy.HookimplMarker("wca")

_C = TypeVar("_C", bound=type)
_MARK = "__wca_api__"


def plugin(*, api: int) -> Callable[[_C], _C]:
    """Mark a class as a plugin written for this version of the hooks."""

    def mark(cls: _C) -> _C:
        setattr(cls, _MARK, api)
        return cls

    return mark


def declared_api(cls: type) -> int | None:
    """The API version a class declares; None if it declares none."""
    version = getattr(cls, _MARK, None)
    return version if isinstance(version, int) else None


def check_plugin_class(cls: type, name: str, known_hooks: frozenset[str]) -> None:
    """Refuse a class that cannot be a plugin.

    | API declared | verdict |
    |---|---|
    | none | refused, with the line to add |
    | newer than ours | refused: needs a newer wca-core |
    | older than the oldest supported | refused: needs a newer plugin |
    | any other | accepted |

    Raises `PluginError`, also for a hook that does not exist and for a class without hooks.
    """
    version = declared_api(cls)
    if version is None:
        raise PluginError(
            f"plugin {name!r} ({_place(cls)}) does not say for which API it was written: "
            f"put @wca_core.plugin(api={API}) above the class{_older_advice(cls)}"
        )
    if version > API:
        raise PluginError(
            f"plugin {name!r} ({_place(cls)}) was written for API {version}, this wca-core has {API}: "
            "install a newer wca-core"
        )
    if version < OLDEST_API:
        raise PluginError(
            f"plugin {name!r} ({_place(cls)}) was written for API {version}, the oldest supported is {OLDEST_API}: "
            "install a newer version of the plugin"
        )
    for hook in hooks_of(cls):
        if hook not in known_hooks:
            raise PluginError(_unknown_hook(cls, name, hook, known_hooks))
    if not hooks_of(cls):
        raise PluginError(f"plugin {name!r} ({_place(cls)}) has no hook: put @wca_core.hookimpl above its methods")


def hooks_of(cls: type) -> frozenset[str]:
    """The names of the methods of a class that are marked with `@hookimpl`."""
    return frozenset(
        name for name, member in inspect.getmembers(cls, callable) if getattr(member, "wca_impl", None) is not None
    )


def is_last(plugin_object: object, hook: str) -> bool:
    """Whether a plugin wants to be called after all others (`@hookimpl(trylast=True)`)."""
    options = getattr(getattr(plugin_object, hook, None), "wca_impl", None)
    return bool(options and options.get("trylast"))


def call_hook(plugin_object: object, hook: str, **arguments: object) -> object:
    """Call a hook of a plugin that is not registered itself, with those arguments it takes."""
    method = getattr(plugin_object, hook)
    taken = inspect.signature(method).parameters
    return method(**{name: value for name, value in arguments.items() if name in taken})


def _unknown_hook(cls: type, name: str, hook: str, known_hooks: frozenset[str]) -> str:
    close = difflib.get_close_matches(hook, known_hooks, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return (
        f"plugin {name!r} ({_place(cls)}) implements a hook {hook!r} that does not exist{hint}; "
        f"the hooks are {', '.join(sorted(known_hooks))}"
    )


def _older_advice(cls: type) -> str:
    """For a class that has a method of the original WCA."""
    is_older = any(callable(getattr(cls, method, None)) for method in OLDER_METHODS.values())
    return f"; or, {OLDER_ADVICE}" if is_older and not hooks_of(cls) else ""


def _place(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"
