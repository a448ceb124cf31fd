# An allocator of the second generation; registers itself.
import copy
import json
import logging
import pickle
from typing import List, Tuple, Dict

from wca import logger
from wca.allocators import Allocator, AllocationType, RDTAllocation, TasksAllocations
from wca.config import register
from wca.detectors import Anomaly, TasksData, ContentionAnomaly, ContendedResource
from wca.metrics import Metric, MetricType
from wca.platforms import Platform

log = logging.getLogger(__name__)


class PinAllocator(Allocator):
    """Pins each task to the CPUs of its label."""

    def __init__(self, cpus: Dict[str, str], quota: float = 0.25):
        self.cpus = cpus
        self.quota = quota

    def allocate(self, platform: Platform, tasks_data: TasksData) -> Tuple[TasksAllocations, List[Anomaly], List[Metric]]:
        log.log(logger.TRACE, 'platform: %r', platform)
        before = copy.deepcopy(tasks_data)
        pickle.loads(pickle.dumps(tasks_data))
        json.dumps({task_id: data.measurements for task_id, data in tasks_data.items()})
        allocations = {}  # type: TasksAllocations
        anomalies = []
        for task_id, data in tasks_data.items():
            assert data.allocations is not None
            cpus = self.cpus.get(data.name)
            allocations[task_id] = {AllocationType.QUOTA: self.quota}
            if cpus is not None:
                allocations[task_id][AllocationType.CPUSET_CPUS] = cpus
            anomalies.append(ContentionAnomaly(
                resource=ContendedResource.CPUS, contended_task_id=task_id,
                contending_task_ids=[], metrics=[
                    Metric('pin_quota', data.allocations[AllocationType.QUOTA], {}, type=MetricType.GAUGE)]))
            data.measurements.clear()
            data.labels.clear()
            del data.allocations[AllocationType.QUOTA]
        assert before != tasks_data
        return allocations, anomalies, []


register(PinAllocator)
