"""A detector and an allocator that do nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wca_core.model.allocation import Allocation
from wca_core.model.anomaly import Anomaly
from wca_core.model.snapshot import Snapshot
from wca_core.plugin_api import hookimpl, plugin


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class NOPAnomalyDetector:
    """Finds nothing."""

    @hookimpl
    def detect(self, snapshot: Snapshot) -> Sequence[Anomaly]:
        return ()


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class NOPAllocator:
    """Wishes nothing."""

    @hookimpl
    def allocate(self, snapshot: Snapshot) -> Sequence[Allocation]:
        return ()
