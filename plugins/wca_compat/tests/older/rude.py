# Ends, exits, returns anything.
import sys

from wca.allocators import Allocator, RDTAllocation
from wca.detectors import AnomalyDetector


class Exiting(AnomalyDetector):
    def detect(self, platform, tasks_data):
        sys.exit(3)


class Ending(AnomalyDetector):
    def detect(self, platform, tasks_data):
        raise GeneratorExit('enough')


class Strange(AnomalyDetector):
    def detect(self, platform, tasks_data):
        return ['text'], []


class One(AnomalyDetector):
    def detect(self, platform, tasks_data):
        return []


class Nothing(AnomalyDetector):
    def detect(self, platform, tasks_data):
        pass


class Unknown(Allocator):
    def allocate(self, platform, tasks_data):
        return {task: {'cpu_quota': 0.5, 'cpu_cuota': 0.5} for task in tasks_data}, [], []


class Listing(Allocator):
    def allocate(self, platform, tasks_data):
        return [], [], []


class Pair(Allocator):
    def allocate(self, platform, tasks_data):
        return {}, []


class Grouping(Allocator):
    def allocate(self, platform, tasks_data):
        groups = {RDTAllocation(l3='L3:0=f'), RDTAllocation(name='be', mb='MB:0=20'), RDTAllocation(l3='L3:0=f')}
        assert len(groups) == 2
        return {task: {'rdt': RDTAllocation(mb='MB:0=20'), 'cpu_quota': 0.5} for task in tasks_data}, [], []


class Three:
    def detect(self, platform, tasks, extra):
        return [], []


class KeywordOnly:
    def detect(self, platform, tasks_data, *, needed):
        return [], []


class Anything:
    def allocate(self, *args):
        return {}, [], []
