# A detector of the second generation: a dataclass.
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple

from wca.config import Numeric, Str
from wca.detectors import Anomaly, AnomalyDetector, ContendedResource, ContentionAnomaly, TaskResource, TasksData
from wca.metrics import Metric, MetricName, MetricType
from wca.platforms import Platform


@dataclass
class MemoryDetector(AnomalyDetector):
    limit: Numeric(0, 1e12) = 1000
    victim: Optional[Str] = None
    weights: Dict[str, float] = field(default_factory=dict)
    _last: Optional[float] = None

    def detect(self, platform: Platform, tasks_data: TasksData) -> Tuple[List[Anomaly], List[Metric]]:
        anomalies = []
        metrics = []
        if self._last is not None:
            metrics.append(Metric('second_seconds', platform.timestamp - self._last))
        self._last = platform.timestamp
        for task_id, data in tasks_data.items():
            used = data.measurements[MetricName.TASK_MEM_USAGE_BYTES]
            metrics.append(Metric(name='second_share', value=used / data.resources[TaskResource.MEM],
                                  labels=dict(data.labels, extra='yes'), type=MetricType.GAUGE,
                                  help='Part of the memory asked for.'))
            by_node = data.measurements.get('task_mem_numa_pages', {})
            for node, pages in by_node.items():
                assert isinstance(node, int)
                metrics.append(Metric('second_pages', pages, {'task': task_id, 'node': str(node)}))
            if used > self.limit and data.name != self.victim:
                anomalies.append(ContentionAnomaly(ContendedResource.MEMORY_BW, task_id, [], []))
        return anomalies, metrics
