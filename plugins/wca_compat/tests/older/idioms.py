import functools
import threading
from abc import ABCMeta
from dataclasses import dataclass
from typing import List, Tuple

import wca
from owca.config import Numeric, Str
from wca.allocators import AllocationType, Allocator
from wca.detectors import (Anomaly, AnomalyDetector, ContendedResource, ContentionAnomaly,
                           Metric, Platform, TaskId, TasksData)


class Singleton(ABCMeta):
    _instances = {}

    def __call__(cls, *args, **kwargs):
        if cls not in cls._instances:
            cls._instances[cls] = super().__call__(*args, **kwargs)
        return cls._instances[cls]


def timed(method):
    @functools.wraps(method)
    def inner(*args, **kwargs):
        return method(*args, **kwargs)
    return inner


def locked(method):
    def inner(self, *args):
        with self.lock:
            return method(self, *args)
    return inner


@dataclass
class SingleDetector(AnomalyDetector, metaclass=Singleton):
    victim: Str
    threshold: Numeric(0, 100) = 1

    def __post_init__(self):
        self.lock = threading.RLock()

    @timed
    @locked
    def detect(self, platform: Platform, tasks_data: TasksData) -> Tuple[List[Anomaly], List[Metric]]:
        assert isinstance(platform, wca.platforms.Platform)
        return [], [wca.metrics.Metric('single_tasks', len(tasks_data), {'victim': TaskId(self.victim)})]


class OnlyDetector(AnomalyDetector):
    only = None

    def __new__(cls, *args, **kwargs):
        cls.only = cls.only or super().__new__(cls)
        return cls.only

    def __init__(self, factor: Numeric(0, 10), name: str = 'x'):
        self.factor, self.name = factor, name

    def detect(self, platform, tasks_measurements, tasks_resources, tasks_labels):
        return [], [Metric('only_factor', self.factor)]


@dataclass
class ScoredAnomaly(ContentionAnomaly):
    score: float = 0

    def generate_metrics(self):
        return super().generate_metrics() + [Metric('anomaly_score', self.score)]


class ScoringDetector(AnomalyDetector):
    def detect(self, platform, tasks_data):
        first, second = sorted(tasks_data)
        return [ScoredAnomaly(ContendedResource.LLC, first, [second], score=2.5)], []


class Number:
    """As what numpy has for numbers and arrays."""
    shape = ()

    def __init__(self, value):
        self.value = value

    def tolist(self):
        return self.value


class VectorAllocator(Allocator):
    def allocate(self, platform, tasks_data):
        wished = {AllocationType.CPUSET_CPUS: [Number(0)], AllocationType.CPUSET_MEMS: Number([0]),
                  AllocationType.QUOTA: Number(0.5), AllocationType.CPUSET_MEMORY_MIGRATE: Number(True)}
        return {task_id: dict(wished) for task_id in tasks_data}, [], []


@dataclass
class WrappingAllocator(Allocator):
    allocator: Allocator
    detectors: List[AnomalyDetector]

    def allocate(self, platform, tasks_data):
        allocations, anomalies, metrics = self.allocator.allocate(platform, tasks_data)
        for detector in self.detectors:
            found, more = detector.detect(platform, tasks_data)
            anomalies, metrics = anomalies + found, metrics + more
        return allocations, anomalies, metrics
