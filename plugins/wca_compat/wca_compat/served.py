"""Which modules are served, and what they give beside their own names.

In the original a module also had what it imported itself: `from wca.detectors import TaskId` was as good as from
`wca.nodes`, and after `import wca` all that the agent had imported was there. Both are so here.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

MODULES = (
    "detectors",
    "allocators",
    "metrics",
    "platforms",
    "nodes",
    "storage",
    "runners",
    "databases",
    "security",
    "config",
    "logger",
)


def module_in(package: str) -> Callable[[str], object]:
    """`__getattr__` of a package: its modules, imported when they are asked for."""

    def found(name: str) -> object:
        if name in MODULES:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return found


def elsewhere(module: str) -> Callable[[str], object]:
    """`__getattr__` of a module: what one of the other modules serves."""

    def found(name: str) -> object:
        others = () if name.startswith("__") else (f"wca.{other}" for other in MODULES)
        for other in map(import_module, others):
            if name in other.__all__ and other.__name__ != module:
                return getattr(other, name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return found
