# A detector of the first generation: ABC subclass, plain constructor, old typing.
import logging
from typing import Dict, List, Tuple

from wca.detectors import (Anomaly, AnomalyDetector, ContendedResource, ContentionAnomaly,
                           TasksLabels, TasksMeasurements, TasksResources)
from wca.metrics import Metric, MetricName, MetricType
from wca.platforms import Platform

log = logging.getLogger(__name__)


class InstructionsDetector(AnomalyDetector):
    """Sees a task whose instructions per cycle are below a threshold."""

    def __init__(self, threshold: float = 1.0, victim: str = 'web'):
        self.threshold = threshold
        self.victim = victim
        self.calls = 0

    def detect(self, platform: Platform,
               tasks_measurements: TasksMeasurements,
               tasks_resources: TasksResources,
               tasks_labels: TasksLabels) -> Tuple[List[Anomaly], List[Metric]]:
        self.calls += 1
        anomalies = []  # type: List[Anomaly]
        metrics = []    # type: List[Metric]
        for task_id, measurements in tasks_measurements.items():
            usage = measurements[MetricName.CPU_USAGE_PER_TASK]
            memory = measurements.get(MetricName.MEM_USAGE)
            name = tasks_labels[task_id]['task_name']
            metrics.append(Metric(name='older_cpu_usage', value=usage, labels={'task': task_id},
                                  type=MetricType.COUNTER, help='CPU time [ns].'))
            if name.endswith(self.victim) and memory > self.threshold:
                others = [other for other in tasks_measurements if other != task_id]
                anomalies.append(ContentionAnomaly(
                    resource=ContendedResource.LLC,
                    contended_task_id=task_id,
                    contending_task_ids=others,
                    metrics=[Metric(name='older_memory', value=memory, type='gauge')]))
        metrics.append(Metric('older_calls', self.calls, {}, type=MetricType.COUNTER))
        metrics.append(Metric('older_platform_memory', platform.total_memory_used))
        metrics.append(Metric('older_platform_cpus', platform.cpus))
        log.debug('%d tasks', len(tasks_measurements))
        return anomalies, metrics
