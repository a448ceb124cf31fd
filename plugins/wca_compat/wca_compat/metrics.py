"""Metrics as components for the older interfaces know them: name, value, labels and description in one object."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from wca_compat.metric_names import MetricName
from wca_core.model.metric import MetricType

__all__ = ["Measurements", "Metric", "MetricName", "MetricType", "MetricUnit", "MetricValue"]

MetricValue: TypeAlias = float | int

Measurements: TypeAlias = dict[str, object]
"""By name of the metric: a number, or nested mappings, one depth per level."""


class MetricUnit(StrEnum):
    """What a value is counted in."""

    BYTES = "bytes"
    BYTES_PER_SECOND = "bytes_per_second"
    SECONDS = "seconds"
    NUMERIC = "numeric"
    TIMESTAMP = "timestamp"
    WATTS = "watts"
    PERCENT = "percent"
    JOULES = "joules"
    HERTZ = "hertz"


@dataclass
class Metric:
    """A sample with its description. Nothing is checked here: who takes it says what does not fit."""

    name: str
    value: MetricValue
    labels: dict[str, str] = field(default_factory=dict)
    unit: str | None = None
    type: MetricType | str | None = None
    help: str | None = None
    granularity: str | None = None
