"""Calls an older allocator as a plugin. Its wishes go through the same plan, rails and transaction as anybody's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import cast

from wca_compat.adapted import Adapted, contained
from wca_compat.anomalies import Anomaly
from wca_compat.findings import findings
from wca_compat.handing import Handing
from wca_compat.metrics import Metric
from wca_compat.output import listed, parts_of
from wca_compat.samples import SampleMaker
from wca_compat.signatures import ALLOCATE, count_of
from wca_compat.wishes import UnknownAllocation, wishes
from wca_core import ContractError, Snapshot, hookimpl

log = logging.getLogger("wca.compat")


class AllocatorAdapter(Adapted):
    """Of either generation."""

    def prepare(self) -> None:
        count = count_of(self.component, "allocate", ALLOCATE)
        self._allocator_handing = Handing(is_first=count > 2)
        self._allocator_samples = SampleMaker(self.label)
        super().prepare()

    @hookimpl
    def allocate(self, snapshot: Snapshot) -> list[object]:
        """Its wishes, anomalies and samples. Raises whatever it raises.

        An output of a wrong type is one wish that nobody knows: all of the call is dropped, and counts as such.
        """
        maker = self._allocator_samples
        maker.begin(self._allocator_handing.described(snapshot))
        allocate = cast("Callable[..., object]", getattr(self.component, "allocate"))  # noqa: B009
        with contained(self.label, "allocate"):
            output = allocate(*self._allocator_handing.arguments(snapshot, allocates=True))
        try:
            with contained(self.label, "allocate"):
                return self._items(output)
        except ContractError as error:
            log.error("plugin %s: all that allocate gave is dropped: %s", self.label, error)
            return [UnknownAllocation()]

    def _items(self, output: object) -> list[object]:
        """Raises `ContractError` for what it must not return."""
        maker = self._allocator_samples
        wished, anomalies, metrics = parts_of(output, ("allocations", "anomalies", "metrics"))
        found = listed(anomalies, Anomaly, "anomalies")  # type: ignore[type-abstract]
        items = [*wishes(wished, self.label), *findings(found, maker)]
        return [*items, *maker.samples(listed(metrics, Metric, "metrics"))]
