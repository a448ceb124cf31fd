"""Calls an older detector as a plugin."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from wca_compat.adapted import Adapted, contained
from wca_compat.anomalies import Anomaly
from wca_compat.findings import findings
from wca_compat.handing import Handing
from wca_compat.metrics import Metric
from wca_compat.output import listed, parts_of
from wca_compat.samples import SampleMaker
from wca_compat.signatures import DETECT, count_of
from wca_core import Sample, Snapshot, hookimpl
from wca_core.model.anomaly import Anomaly as Finding


class DetectorAdapter(Adapted):
    """Of either generation."""

    def prepare(self) -> None:
        count = count_of(self.component, "detect", DETECT)
        self._detector_handing = Handing(is_first=count > 2)
        self._detector_samples = SampleMaker(self.label)
        super().prepare()

    @hookimpl
    def detect(self, snapshot: Snapshot) -> list[Finding | Sample]:
        """What it found. Raises whatever it raises, and `ContractError` for what it must not return."""
        maker = self._detector_samples
        maker.begin(self._detector_handing.described(snapshot))
        detect = cast("Callable[..., object]", getattr(self.component, "detect"))  # noqa: B009
        with contained(self.label, "detect"):
            output = detect(*self._detector_handing.arguments(snapshot, allocates=False))
            anomalies, metrics = parts_of(output, ("anomalies", "metrics"))
            found = listed(anomalies, Anomaly, "anomalies")  # type: ignore[type-abstract]
            return [*findings(found, maker), *maker.samples(listed(metrics, Metric, "metrics"))]
