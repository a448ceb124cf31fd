"""Metrics and their names."""

from wca_compat.metrics import Measurements, Metric, MetricName, MetricType, MetricUnit, MetricValue
from wca_compat.served import elsewhere

__all__ = ["Measurements", "Metric", "MetricName", "MetricType", "MetricUnit", "MetricValue"]

__getattr__ = elsewhere(__name__)
