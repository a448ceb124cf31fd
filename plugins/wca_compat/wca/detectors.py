"""Detectors, what they are handed and what they give."""

from wca_compat.anomalies import Anomaly, ContentionAnomaly
from wca_compat.components import AnomalyDetector, NOPAnomalyDetector
from wca_compat.served import elsewhere
from wca_compat.task_data import (
    TaskData,
    TaskResource,
    TasksData,
    TasksLabels,
    TasksMeasurements,
    TasksResources,
)

from wca_core.model.anomaly import ContendedResource

__all__ = [
    "Anomaly",
    "AnomalyDetector",
    "ContendedResource",
    "ContentionAnomaly",
    "NOPAnomalyDetector",
    "TaskData",
    "TaskResource",
    "TasksData",
    "TasksLabels",
    "TasksMeasurements",
    "TasksResources",
]

__getattr__ = elsewhere(__name__)
