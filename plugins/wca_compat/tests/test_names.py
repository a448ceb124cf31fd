"""The module names and what is in them."""

from __future__ import annotations

import copy
import csv
import importlib
import pickle
from pathlib import Path

import pytest
from wca_compat.metrics import Metric, MetricName, MetricType, MetricUnit

import wca_core
from wca_core.model.metric import UNITS

CATALOGUE = Path(__file__).parents[3] / "tests" / "catalogue.csv"

NAMES = {
    "detectors": "AnomalyDetector Anomaly ContentionAnomaly ContendedResource TaskData TasksData TaskResource "
    "TasksMeasurements TasksResources TasksLabels NOPAnomalyDetector",
    "allocators": "Allocator NOPAllocator AllocationType RDTAllocation AllocationConfiguration TaskAllocations "
    "TasksAllocations",
    "metrics": "Metric MetricName MetricType MetricUnit MetricValue Measurements",
    "platforms": "Platform RDTInformation get_wca_version",
}
ENUMS = {
    ("detectors", "ContendedResource"): {
        "MEMORY_BW": "memory bandwidth",
        "LLC": "cache",
        "CPUS": "cpus",
        "TDP": "thermal design power",
        "UNKN": "unknown resource",
    },
    ("detectors", "TaskResource"): {"CPUS": "cpus", "MEM": "mem", "DISK": "disk"},
    ("allocators", "AllocationType"): {
        "QUOTA": "cpu_quota",
        "SHARES": "cpu_shares",
        "RDT": "rdt",
        "CPUSET_CPUS": "cpuset_cpus",
        "CPUSET_MEMS": "cpuset_mems",
        "CPUSET_MEMORY_MIGRATE": "cpuset_memory_migrate",
        "MIGRATE_PAGES": "migrate_pages",
    },
    ("metrics", "MetricType"): {"GAUGE": "gauge", "COUNTER": "counter"},
    ("metrics", "MetricName"): {
        "INSTRUCTIONS": "instructions",
        "CYCLES": "cycles",
        "CACHE_MISSES": "cache_misses",
        "CACHE_REFERENCES": "cache_references",
        "CPU_USAGE_PER_CPU": "cpu_usage_per_cpu",
        "CPU_USAGE_PER_TASK": "cpu_usage_per_task",
        "MEM_BW": "memory_bandwidth",
        "LLC_OCCUPANCY": "llc_occupancy",
        "MEM_USAGE": "memory_usage",
        "MEMSTALL": "stalls_mem_load",
        "SCALING_FACTOR_AVG": "scaling_factor_avg",
        "SCALING_FACTOR_MAX": "scaling_factor_max",
    },
}


@pytest.mark.parametrize("spelling", ["wca", "owca"])
@pytest.mark.parametrize("module", NAMES)
def test_a_module_has_exactly_the_documented_names_in_both_spellings(spelling: str, module: str) -> None:
    served = importlib.import_module(f"{spelling}.{module}")
    ours = importlib.import_module(f"wca.{module}")

    assert set(served.__all__) == set(NAMES[module].split())
    assert all(getattr(served, name) is getattr(ours, name) for name in served.__all__)


@pytest.mark.parametrize(("place", "members"), ENUMS.items(), ids=lambda one: one[1] if isinstance(one, tuple) else "")
def test_a_member_of_an_enum_is_equal_to_its_text(place: tuple[str, str], members: dict[str, str]) -> None:
    enum = getattr(importlib.import_module(f"wca.{place[0]}"), place[1])

    assert {name: enum[name].value for name in members} == members
    for name, text in members.items():
        assert enum[name] == text
        assert {enum[name]: 1}[text] == 1
        assert f"{enum[name]}" == text
        assert pickle.loads(pickle.dumps(enum[name])) is enum[name]


def test_every_metric_of_the_catalogue_has_a_member() -> None:
    with CATALOGUE.open() as file:
        names = [row["name"] for row in csv.DictReader(file)]

    assert {name: MetricName[name.upper()].value for name in names} == {name: name for name in names}
    assert len(MetricName) == len(names) + len(ENUMS["metrics", "MetricName"])


def test_units_are_those_that_metrics_have() -> None:
    assert {unit.value for unit in MetricUnit} == UNITS


def test_metrics_share_no_labels() -> None:
    first, other = Metric("a", 1), Metric("a", 1)

    first.labels["x"] = "y"

    assert other == Metric("a", 1, {}, None, None, None, None)
    assert copy.deepcopy(first) == Metric(name="a", value=1, labels={"x": "y"})


def test_an_rdt_allocation_is_frozen_hashable_and_the_one_of_the_agent() -> None:
    from wca.allocators import RDTAllocation

    value = RDTAllocation("be", "L3:0=f", "MB:0=20")

    assert RDTAllocation is wca_core.RDTAllocation
    assert {value, RDTAllocation(name="be", l3="L3:0=f", mb="MB:0=20")} == {value}
    assert RDTAllocation() == RDTAllocation(name=None, l3=None, mb=None)
    with pytest.raises(AttributeError):
        value.name = "other"  # type: ignore[misc]


def test_a_contention_encodes_itself_as_the_agent_does_without_labels_of_tasks() -> None:
    from wca.detectors import ContendedResource, ContentionAnomaly

    metrics = ContentionAnomaly(
        ContendedResource.LLC, "web-1", ["batch-9", "batch-7"], [Metric("cpi", 2.0, {"a": "b"}, type=MetricType.GAUGE)]
    ).generate_metrics()

    uuid = "b888a862-d019-a1d1-6af5-175c2a4a733a"
    assert [metric.labels["contending_task_id"] for metric in metrics[:2]] == ["batch-9", "batch-7"]
    assert all(
        (metric.name, metric.value, metric.type, metric.labels["uuid"]) == ("anomaly", 1, "counter", uuid)
        for metric in metrics[:2]
    )
    assert metrics[2] == Metric(
        "cpi",
        2.0,
        {"a": "b", "contended_task_id": "web-1", "uuid": uuid, "type": "anomaly"},
        type=MetricType.GAUGE,
    )


def test_the_version_is_that_of_the_agent() -> None:
    from wca.platforms import get_wca_version

    assert get_wca_version() == wca_core.__version__


def test_anomalies_and_detectors_of_others_must_say_what_they_do() -> None:
    from wca.allocators import Allocator
    from wca.detectors import Anomaly, AnomalyDetector

    for cls in (Anomaly, AnomalyDetector, Allocator):
        with pytest.raises(TypeError, match="abstract"):
            cls()  # type: ignore[abstract]


def test_those_that_do_nothing_return_nothing() -> None:
    from wca.allocators import NOPAllocator
    from wca.detectors import NOPAnomalyDetector

    assert NOPAnomalyDetector().detect(None, {}) == ([], [])  # type: ignore[arg-type]
    assert NOPAllocator().allocate(None, {}) == ({}, [], [])  # type: ignore[arg-type]
