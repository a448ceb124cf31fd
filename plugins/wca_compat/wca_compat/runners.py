"""`wca.runners`: what may stand behind `runner:` in a configuration and has a loop of its own.

The documented runners are ours, imported when they are asked for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wca_core.runners import AllocationRunner, DetectionRunner, MeasurementRunner

__all__ = ["AllocationRunner", "DetectionRunner", "MeasurementRunner", "Runner"]


class Runner(ABC):
    """Runs until it is done; a class with a method `run` is one, whatever it is derived from."""

    @abstractmethod
    def run(self) -> int:
        """The exit code of the process."""

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        return callable(getattr(other, "run", None)) if cls is Runner else NotImplemented


def __getattr__(name: str) -> object:
    if name in __all__:
        import wca_core.runners  # the agent costs import time

        return getattr(wca_core.runners, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
