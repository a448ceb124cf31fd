"""What a parser finds: named numbers with labels; and how they become samples that storages take."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from wca_core import ContractError, Metric, Sample, Series, gauge
from wca_core.model.metric import MetricType

log = logging.getLogger("wca.wrapper")

KEPT_SERIES = 4096
"""Series whose text is kept; labels that change with every line would make it grow without end."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number of an application. A number without a known kind counts as a gauge: samples have no third kind."""

    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    type: MetricType = gauge
    help: str = ""

    @property
    def identity(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """The same for two measurements of which a reader would see only one."""
        return self.name, tuple(sorted(self.labels.items()))


def samples_of(measurements: Iterable[Measurement]) -> tuple[list[Sample], int]:
    """The samples, of those with one name and labels the last; and how many cannot be written (names, NaN)."""
    samples: dict[int, Sample] = {}
    refused = 0
    for one in measurements:
        try:
            series = _series(*one.identity, one.type, one.help or f"{one.name} as the application printed it.")
        except (ContractError, TypeError) as error:
            log.debug("%r is left out: %s", one.name, error)
            refused += 1
            continue
        if isinstance(one.value, int | float) and not math.isnan(one.value):
            samples[id(series)] = series.at(one.value)
        else:
            refused += 1
    return list(samples.values()), refused


@lru_cache(KEPT_SERIES)
def _series(name: str, labels: tuple[tuple[str, str], ...], kind: MetricType, help_text: str) -> Series:
    """Raises `ContractError` for a name, label or kind that cannot be written."""
    return Series.of(_metric(name, kind, help_text), dict(labels))


@lru_cache(KEPT_SERIES)
def _metric(name: str, kind: MetricType, help_text: str) -> Metric:
    return Metric(name, help_text, kind)
