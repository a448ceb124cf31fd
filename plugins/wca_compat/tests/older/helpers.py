# Methods of the same names that are something else.
from wca.detectors import AnomalyDetector
from wca.metrics import Metric


class StoringDetector(AnomalyDetector):
    def __init__(self):
        self.kept = {}

    def store(self, key, value):
        self.kept[key] = value

    def allocate(self):
        return 5

    def detect(self, platform, tasks_data):
        self.store('a', self.allocate())
        return [], [Metric('kept', self.kept['a'])]


class PlainStoringDetector:
    def store(self, key, value):
        self.key = key

    def detect(self, platform, tasks_data):
        self.store('a', 1)
        return [], []


class Both:
    def detect(self, platform, tasks_data):
        return [], []

    def allocate(self, platform, tasks_data):
        return {}, [], []

    def store(self, metrics):
        self.stored = metrics
