"""Runners; see `wca_compat.runners`. The documented ones are imported when they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wca_compat import runners
from wca_compat.runners import Runner
from wca_compat.served import elsewhere

if TYPE_CHECKING:
    from wca_compat.runners import AllocationRunner, DetectionRunner, MeasurementRunner

__all__ = ["AllocationRunner", "DetectionRunner", "MeasurementRunner", "Runner"]


def __getattr__(name: str) -> object:
    if name in __all__:
        return getattr(runners, name)
    return elsewhere(__name__)(name)
