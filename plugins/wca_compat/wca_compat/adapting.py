"""Which hooks a class written for the older interfaces has, and the plugin class that gives it them.

It is asked by wca-core about every class without hooks that stands where a plugin is wanted.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from wca_compat.adapted import Adapted
from wca_compat.signatures import ALLOCATE, DETECT, GET_TASKS, STORE
from wca_core import PluginError, plugin


@dataclass(frozen=True, slots=True)
class Role:
    """One method of the older interfaces."""

    adapter: str
    """Who calls it for us."""
    parent: str
    """What classes with it are derived from, if from anything."""
    counts: frozenset[int]
    """Of positional parameters."""


ROLES: Mapping[str, Role] = {
    "detect": Role("wca_compat.detecting:DetectorAdapter", "wca_compat.components:AnomalyDetector", frozenset(DETECT)),
    "allocate": Role("wca_compat.allocating:AllocatorAdapter", "wca_compat.components:Allocator", frozenset(ALLOCATE)),
    "get_tasks": Role("wca_compat.discovering:NodeAdapter", "wca_compat.nodes:Node", frozenset(GET_TASKS)),
    "store": Role("wca_compat.storing:StorageAdapter", "wca_compat.storage:Storage", frozenset(STORE)),
}
"""By name of the method."""


@cache
def adapted_class(cls: type) -> type[Adapted] | None:
    """A plugin class whose constructor takes an instance of `cls`; None if it has none of the older methods.

    The constructor raises `PluginError` if a method cannot be called as either generation did. This raises it for a
    class that found another package named `wca`, such as a checkout of the original: nothing it returns would be known.
    """
    _refuse_strangers(cls)
    adapters = tuple(_found(role.adapter) for role in _roles_of(cls))
    if not adapters:
        return None
    names: dict[str, object] = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
    with suppress(TypeError, ValueError):  # of a class written in C
        names["__signature__"] = inspect.signature(cls)  # what shows fields looks there
    return plugin(api=1)(type(cls.__name__, adapters, names))


def _refuse_strangers(cls: type) -> None:
    """What is ours behind these names is defined in this package."""
    for parent in cls.__mro__[1:]:
        if parent.__module__.partition(".")[0] in ("wca", "owca"):
            place = getattr(sys.modules.get(parent.__module__), "__file__", None) or "elsewhere"
            raise PluginError(
                f"{cls.__name__} is derived from {parent.__module__}.{parent.__qualname__} of {place}, which is not of "
                "the package wca-compat: take the other package of that name out of PYTHONPATH"
            )


def _roles_of(cls: type) -> list[Role]:
    """Those it is derived for; else those whose methods it has: a detector may have a method `store` of its own."""
    named = {method: role for method, role in ROLES.items() if callable(getattr(cls, method, None))}
    declared = [role for role in named.values() if _found(role.parent) in cls.__mro__]
    if declared or len(named) < 2:
        return declared or list(named.values())
    fitting = [role for method, role in named.items() if _has_count_of(cls, method, role)]
    return fitting or list(named.values())


def _has_count_of(cls: type, method: str, role: Role) -> bool:
    """Whether the method looks like the older one; one that cannot be looked at here does."""
    try:
        parameters = list(inspect.signature(getattr(cls, method)).parameters.values())
    except (TypeError, ValueError):
        return True
    positional = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    own = inspect.isfunction(inspect.getattr_static(cls, method))  # the first is the instance
    return len(positional) - own in role.counts or len(positional) < len(parameters)


def _found(place: str) -> type[Adapted]:
    module, _, name = place.partition(":")
    found: type[Adapted] = getattr(import_module(module), name)
    return found
