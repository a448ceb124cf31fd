"""Samples as OpenMetrics text 1.0, made of the Prometheus text of the same samples.

| | Prometheus text | OpenMetrics |
|---|---|---|
| a counter | its name | its name with `_total` |
| a time that counters hold (unit `timestamp`) | counter | gauge: it grows, but counts nothing |
| the unit | - | `# UNIT` where the name ends in it |
| help | `"` as it is | `\\"` |
| between families | an empty line | nothing |
| at the end | nothing | `# EOF` |

Source: the OpenMetrics specification 1.0 (github.com/OpenObservability/OpenMetrics). Its readers see counters under
another name, so nobody is given it who does not want it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from wca_core.model.metric import Metric, MetricType, Series

log = logging.getLogger("wca.openmetrics")

UNITS = frozenset({"seconds", "bytes", "joules", "watts", "hertz"})
"""The units that names end in."""

_FAMILY = re.compile(rb"^\n?# HELP (\S+) (.*)\n# TYPE \S+ \w+\n", re.MULTILINE)


def openmetrics(text: bytes, series: Iterable[Series]) -> bytes:
    """The text of a page without timestamps as OpenMetrics; `series`: those on the page.

    A family is left out, and told once, if one before it has its name already: readers would refuse the whole page.
    """
    metrics = {one.metric.name: one.metric for one in series}
    parts: list[bytes] = []
    taken: set[str] = set()
    name_help_and_samples = _FAMILY.split(text)[1:]
    for name, help_text, samples in zip(*[iter(name_help_and_samples)] * 3, strict=True):
        family = _Family.of(metrics[name.decode()])
        if taken.isdisjoint(family.names):
            taken |= family.names
            parts.append(family.text(help_text, samples))
        else:
            _tell_once(family.metric.name, family.name)
    return b"".join([*parts, b"# EOF\n"])


@dataclass(frozen=True, slots=True)
class _Family:
    """What becomes of a metric."""

    metric: Metric
    name: str
    type: MetricType

    @classmethod
    def of(cls, metric: Metric) -> _Family:
        if metric.type is not MetricType.COUNTER:
            return cls(metric, metric.name, metric.type)
        if metric.unit == "timestamp":
            return cls(metric, metric.name, MetricType.GAUGE)
        return cls(metric, metric.name.removesuffix("_total"), MetricType.COUNTER)

    @property
    def names(self) -> set[str]:
        """Those that no other family may have, nor samples of another."""
        return {self.name, f"{self.name}_total", f"{self.name}_created"} if self._counts else {self.name}

    def text(self, help_text: bytes, samples: bytes) -> bytes:
        lines = f"# TYPE {self.name} {self.type.value}\n"
        if self.metric.unit in UNITS and self.name.endswith(f"_{self.metric.unit}"):
            lines += f"# UNIT {self.name} {self.metric.unit}\n"
        quoted = help_text.replace(b'"', b'\\"')
        return b"%s# HELP %s %s\n%s" % (lines.encode(), self.name.encode(), quoted, self._renamed(samples))

    def _renamed(self, samples: bytes) -> bytes:
        """A newline stands only between samples: in labels it is written otherwise."""
        old, new = self.metric.name.encode(), f"{self.name}_total".encode()
        if not self._counts or old == new:
            return samples
        return new + samples.removeprefix(old).replace(b"\n" + old, b"\n" + new)

    @property
    def _counts(self) -> bool:
        return self.type is MetricType.COUNTER


@cache
def _tell_once(metric: str, family: str) -> None:
    log.warning("metric %s is left out of OpenMetrics: another one is named %s there", metric, family)
