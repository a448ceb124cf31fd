from __future__ import annotations

import logging
from collections import defaultdict, namedtuple
from typing import Dict, List, Optional, Tuple, Union

from wca.detectors import AnomalyDetector, TaskData, TasksData
from wca.metrics import Measurements, Metric, MetricName, MetricUnit, MetricValue
from wca.nodes import TaskId
from wca.platforms import Platform, RDTInformation

_logger = logging.getLogger(__name__)

Point = namedtuple('Point', 'time value')


class RateDetector(AnomalyDetector):
    """Rates of any counters, by names from the configuration."""

    def __init__(self, names: List[str], rdt: Optional[RDTInformation] = None,
                 factor: Union[int, float] = 1):
        self._names = [MetricName(name) for name in names]
        self._factor = factor
        self._history: Dict[TaskId, Dict[MetricName, Point]] = defaultdict(dict)

    def detect(self, platform: Platform, tasks_data: TasksData):
        metrics: List[Metric] = []
        for task_id, data in tasks_data.items():
            metrics.extend(self._rates(platform.timestamp, task_id, data))
        for task_id in set(self._history) - set(tasks_data):
            del self._history[task_id]
        return [], metrics

    def _rates(self, now: float, task_id: TaskId, data: TaskData):
        for name in self._names:
            if name not in data.measurements:
                continue
            value = data.measurements[name]  # type: MetricValue
            before = self._history[task_id].get(name)
            self._history[task_id][name] = Point(now, value)
            if before is not None and value >= before.value:
                rate = (value - before.value) / (now - before.time) * self._factor
                yield Metric(f'rate_{name}', rate, data.labels, unit=MetricUnit.NUMERIC)
