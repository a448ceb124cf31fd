# An anomaly that says itself what tells of it.
from enum import Enum
from typing import List

from wca.detectors import Anomaly, AnomalyDetector, ContendedResource, ContentionAnomaly
from wca.metrics import Metric, MetricType


class Severity(str, Enum):
    LOW = 'low'
    HIGH = 'high'


class TemperatureAnomaly(Anomaly):
    def __init__(self, socket: int, severity: Severity):
        self.socket = socket
        self.severity = severity

    def generate_metrics(self) -> List[Metric]:
        return [Metric(name='temperature_anomaly', value=True,
                       labels=dict(socket=str(self.socket), severity=self.severity),
                       type=MetricType.COUNTER)]


class LabelledAnomaly(ContentionAnomaly):
    def generate_metrics(self):
        metrics = super().generate_metrics()
        for metric in metrics:
            metric.labels['origin'] = 'site'
        return metrics


class TemperatureDetector(AnomalyDetector):
    def __init__(self, severity: Severity = Severity.LOW):
        self.severity = severity

    def detect(self, platform, tasks_data):
        tasks = list(tasks_data)
        return [TemperatureAnomaly(socket, self.severity) for socket in platform.topology] + [
            LabelledAnomaly(ContendedResource.TDP, tasks[0], tasks[1:], [])], None
