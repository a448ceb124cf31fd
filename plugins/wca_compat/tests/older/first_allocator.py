# An allocator of the first generation, in the spelling of the earliest releases.
import pprint
from collections import defaultdict
from typing import List, Tuple

from owca.allocators import AllocationType as AT, Allocator, RDTAllocation, TasksAllocations
from owca.detectors import Anomaly, TasksLabels, TasksMeasurements, TasksResources
from owca.metrics import Metric
from owca.platforms import Platform


class HalfAllocator(Allocator):
    """Halves the quota of batch tasks; prints what it is given."""

    def __init__(self, label: str = 'kind', value: str = 'batch', shares: float = 2.0):
        self.label, self.value, self.shares = label, value, shares
        self.history = defaultdict(list)

    def allocate(self,
                 platform: Platform,
                 tasks_measurements: TasksMeasurements,
                 tasks_resources: TasksResources,
                 tasks_labels: TasksLabels,
                 tasks_allocations: TasksAllocations
                 ) -> Tuple[TasksAllocations, List[Anomaly], List[Metric]]:
        pprint.pformat([platform, tasks_measurements, tasks_resources, tasks_labels, tasks_allocations])
        new = defaultdict(dict)
        for task_id in tasks_measurements:
            current = tasks_allocations[task_id]
            self.history[task_id].append(dict(current))
            if tasks_labels[task_id].get(self.label) == self.value:
                new[task_id][AT.QUOTA] = 0.5 * current.get(AT.QUOTA, 1.0)
            new[task_id]['cpu_shares'] = self.shares
        return new, [], [Metric(name='half_quota', value=values['cpu_quota'], labels={'task_id': task_id})
                         for task_id, values in tasks_allocations.items() if AT.QUOTA in values]
