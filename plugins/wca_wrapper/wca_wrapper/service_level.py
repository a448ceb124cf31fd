"""From a measurement to what was promised: SLI and SLO, load and peak load. Pure.

| gauge | value | when |
|---|---|---|
| `slo` | the objective | the SLI is in the update |
| `sli` | the value; with `is_inverse` 1/value, of 0 `+Inf` | the same |
| `sli_normalized` | sli/slo; 0 if no objective is given | the same |
| `peak_load` | the peak load | the load is in the update; with `const` in every update |
| `load` | the value; with `const` the peak load | the same |
| `load_normalized` | load/peak_load | the same |

Only measurements of the application are looked at, never what is added here. All have the configured labels alone, and
names without prefix.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wca_wrapper.measurement import Measurement

CONSTANT = "const"
"""Stands for the name of a load that is always the peak load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevel:
    """What was promised about an application."""

    slo: float = math.inf
    """The objective, in the unit of the SLI."""
    sli_metric_name: str | None = None
    is_inverse: bool = False
    """More is better: the SLI is 1/value."""
    load_metric_name: str | None = None
    peak_load: float = 0.0
    labels: Mapping[str, str] = field(default_factory=dict)

    def added(self, measurements: Sequence[Measurement]) -> list[Measurement]:
        """What is to be added to an update."""
        return [*self._of_slis(measurements), *self._of_loads(measurements)]

    def _of_slis(self, measurements: Iterable[Measurement]) -> Iterator[Measurement]:
        source = self.sli_metric_name
        for one in measurements:
            if one.name == source:
                sli = quotient(1.0, one.value) if self.is_inverse else one.value
                shown = f"1/{source}" if self.is_inverse else source
                yield self._gauge("slo", self.slo, f"Service level objective of {shown}.")
                yield self._gauge("sli", sli, f"Service level indicator: {shown}.")
                yield self._gauge("sli_normalized", quotient(sli, self.slo), f"{shown} by its objective.")

    def _of_loads(self, measurements: Iterable[Measurement]) -> Iterator[Measurement]:
        source = self.load_metric_name
        if source is None:
            return
        is_constant = source == CONSTANT
        loads = [self.peak_load] if is_constant else [one.value for one in measurements if one.name == source]
        shown = "the peak load, taken as constant" if is_constant else source
        for load in loads:
            yield self._gauge("peak_load", self.peak_load, f"The highest load that {shown} is compared with.")
            yield self._gauge("load", load, f"Load: {shown}.")
            yield self._gauge("load_normalized", quotient(load, self.peak_load), "load by peak_load.")

    def _gauge(self, name: str, value: float, help_text: str) -> Measurement:
        return Measurement(name, value, self.labels, help=help_text)


def quotient(dividend: float, divisor: float) -> float:
    """Of anything by infinity 0, by zero infinity: never NaN, never an error."""
    if math.isinf(divisor):
        return 0.0
    if divisor == 0:
        return math.copysign(math.inf, dividend) if dividend else 0.0
    return dividend / divisor
