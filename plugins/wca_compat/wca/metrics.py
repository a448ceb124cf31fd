"""Metrics and their names."""

from wca_compat.metrics import Measurements, Metric, MetricName, MetricType, MetricUnit, MetricValue

__all__ = ["Measurements", "Metric", "MetricName", "MetricType", "MetricUnit", "MetricValue"]
