"""What older components are handed: every field, in their names and units, as copies."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_compat.adapting import adapted_class
from wca_compat.allocations import AllocationType
from wca_compat.measurements import Layout, total

from wca_core import Allocation, Metric, Platform, Samples, Series, Snapshot, Task, counter, gauge
from wca_core import AllocationType as Type
from wca_core.model.cpu_codenames import CpuCodename
from wca_core.plugin_api import call_hook

USAGE = Metric("task_cpu_usage_seconds", "x", counter, unit="seconds")
MEMORY = Metric("task_mem_usage_bytes", "x", gauge, unit="bytes")
PAGES = Metric("task_mem_numa_pages", "x", gauge, levels=("numa_node",))
PRESSURE = Metric("task_pressure_avg_percent", "x", gauge, levels=("resource", "kind", "window"))
INSTRUCTIONS = Metric("task_instructions", "x", counter, levels=("cpu",))
SCALING = Metric("task_scaling_factor_avg", "x", gauge, levels=("cpu",))
OCCUPANCY = Metric("task_llc_occupancy_bytes", "x", gauge, unit="bytes")
ERRORS = Metric("task_measurement_errors", "x", counter, levels=("source",))
CPU = Metric("platform_cpu_usage", "x", counter, levels=("cpu",))
USED = Metric("platform_mem_usage_bytes", "x", gauge, unit="bytes")
OWN = Metric("wca_tasks", "x", gauge)

WEB = Task(
    task_id="t1",
    name="web",
    cgroup_path="/web",
    subcgroups_paths=("/web/a",),
    labels={"app": "shop"},
    resources={"cpus": 1.5, "mem": 4096},
)
GONE = Task(task_id="t2", name="gone", cgroup_path="/gone")

MACHINE = Platform(
    topology={0: {0: (0, 2), 1: (1, 3)}},
    cpu_model="Any",
    cpu_model_number=85,
    cpu_codename=CpuCodename.UNKNOWN,
    node_cpus={0: frozenset({0, 1, 2, 3}), 2: frozenset()},
    node_distances={0: {0: 10, 2: 20}, 2: {0: 20, 2: 10}},
    swap_enabled=True,
    timestamp=1.0,
)

SAMPLES = Samples.of(
    [
        USAGE.sample(2.5, WEB),
        MEMORY.sample(1000, WEB),
        PAGES.sample(12, WEB, numa_node=0),
        PAGES.sample(3, WEB, numa_node=1),
        PRESSURE.sample(1.5, WEB, resource="cpu", kind="some", window="10"),
        PRESSURE.sample(2.5, WEB, resource="cpu", kind="full", window="10"),
        INSTRUCTIONS.sample(10, WEB, cpu=0),
        INSTRUCTIONS.sample(20, WEB, cpu=1),
        SCALING.sample(1.0, WEB, cpu=0),
        SCALING.sample(2.0, WEB, cpu=1),
        OCCUPANCY.sample(7, WEB),
        ERRORS.sample(1, GONE, source="cgroup"),
        CPU.sample(5, cpu=0),
        CPU.sample(6, cpu=1),
        USED.sample(123),
        OWN.sample(2),
    ]
)


def snapshot(**fields: Any) -> Snapshot:
    known: dict[str, Any] = {"now": 9.0, "tasks": [WEB, GONE], "samples": SAMPLES, "platform": MACHINE}
    return Snapshot(**known | fields)


def handed(method: str, function: Callable[..., object], seen: Snapshot) -> tuple[Any, ...]:
    """What a component is called with, after it was wrapped as a plugin."""
    component = type("Component", (), {method: function})()
    adapter = adapted_class(type(component))
    assert adapter is not None
    call_hook(adapter(component), method, snapshot=seen, anomalies=())
    return tuple(component.handed)


def first(self: Any, platform: Any, measurements: Any, resources: Any, labels: Any) -> object:
    self.handed = platform, measurements, resources, labels
    return [], []


def second(self: Any, platform: Any, tasks_data: Any) -> object:
    self.handed = platform, tasks_data
    return [], []


def second_allocate(self: Any, platform: Any, tasks_data: Any) -> object:
    self.handed = platform, tasks_data
    return {}, [], []


def first_allocate(self: Any, platform: Any, a: Any, b: Any, c: Any, allocations: Any) -> object:
    self.handed = platform, a, b, c, allocations
    return {}, [], []


def test_a_task_has_all_fields_and_its_measurements_nested_by_level() -> None:
    _, tasks = handed("detect", second, snapshot())

    task = tasks["t1"]
    assert (task.name, task.task_id, task.cgroup_path, task.subcgroups_paths) == ("web", "t1", "/web", ["/web/a"])
    assert task.labels == {"app": "shop", "task_id": "t1", "task_name": "web"}
    assert task.resources == {"cpus": 1.5, "mem": 4096}
    assert task.allocations is None
    assert task.measurements == {
        "task_cpu_usage_seconds": 2.5,
        "task_mem_usage_bytes": 1000,
        "task_mem_numa_pages": {0: 12, 1: 3},
        "task_pressure_avg_percent": {"cpu": {"some": {10: 1.5}, "full": {10: 2.5}}},
        "task_instructions": {0: 10, 1: 20},
        "task_scaling_factor_avg": {0: 1.0, 1: 2.0},
        "task_llc_occupancy_bytes": 7,
    }


def test_a_task_that_could_not_be_measured_is_absent() -> None:
    _, tasks = handed("detect", second, snapshot())
    _, measurements, resources, labels = handed("detect", first, snapshot())

    assert list(tasks) == list(measurements) == list(resources) == list(labels) == ["t1"]


def test_the_first_generation_is_handed_its_names_and_units_too() -> None:
    _, measurements, _, _ = handed("detect", first, snapshot())

    older = {name: value for name, value in measurements["t1"].items() if not name.startswith("task_")}
    assert older == {
        "instructions": 30,
        "cpu_usage_per_task": 2_500_000_000,
        "llc_occupancy": 7,
        "memory_usage": 1000,
        "scaling_factor_avg": 1.5,
    }
    assert "task_cpu_usage_seconds" in measurements["t1"]


def test_the_platform_has_every_field() -> None:
    platform, _ = handed("detect", second, snapshot())

    assert (platform.sockets, platform.cores, platform.cpus, platform.numa_nodes) == (1, 2, 4, 2)
    assert (platform.cpu_model, platform.cpu_model_number, platform.cpu_codename) == ("Any", 85, CpuCodename.UNKNOWN)
    assert platform.topology == {0: {0: [0, 2], 1: [1, 3]}}
    assert platform.node_cpus == {0: {0, 1, 2, 3}, 2: set()}
    assert platform.node_distances == {0: {0: 10, 2: 20}, 2: {0: 20, 2: 10}}
    assert (platform.timestamp, platform.swap_enabled) == (9.0, True)
    assert platform.measurements == {"platform_cpu_usage": {0: 5, 1: 6}, "platform_mem_usage_bytes": 123}


def test_the_first_generation_has_the_use_of_each_cpu_and_the_memory_used() -> None:
    platform, *_ = handed("detect", first, snapshot())

    assert (platform.cpus_usage, platform.total_memory_used) == ({0: 5, 1: 6}, 123)
    assert platform.measurements["cpu_usage_per_cpu"] == {0: 5, 1: 6}


def test_what_resctrl_measures_is_told_also_where_it_divides_nothing() -> None:
    platform, _ = handed("detect", second, snapshot())
    without, _ = handed("detect", second, snapshot(samples=Samples.of([USAGE.sample(1, WEB)])))

    assert platform.rdt_information.rdt_cache_monitoring_enabled
    assert not platform.rdt_information.rdt_cache_control_enabled
    assert without.rdt_information is None


def test_what_resctrl_divides_is_told_as_the_kernel_writes_it() -> None:
    resources = pytest.importorskip("wca_rdt.resctrl.control.resources")
    information = pytest.importorskip("wca_rdt.resctrl.information")
    offer = resources.offered(
        information.Information(
            num_closids=8,
            caches={"L3": information.CacheControl(cbm_mask=0x7FF, min_cbm_bits=2)},
            bandwidths={"MB": information.BandwidthControl(bandwidth_gran=10, min_bandwidth=20)},
        ),
        {"L3": {0: 0x7FF}, "MB": {0: 100}},
        (),
        "GenuineIntel",
    )

    platform, _ = handed("detect", second, snapshot(platform=replace(MACHINE, parts={"rdt": offer})))

    told = platform.rdt_information
    assert (told.cbm_mask, told.min_cbm_bits, told.num_closids) == ("7ff", "2", 8)
    assert (told.mb_bandwidth_gran, told.mb_min_bandwidth) == (10, 20)
    assert told.rdt_cache_control_enabled
    assert told.rdt_mb_control_enabled


def test_allocations_in_force_are_by_the_members_of_those_years() -> None:
    in_force = [Allocation("t1", Type.CPU_QUOTA, 0.5), Allocation("t1", Type.MEMORY_LOW, 5)]

    _, tasks = handed("allocate", second_allocate, snapshot(allocations=in_force))
    *_, allocations = handed("allocate", first_allocate, snapshot(allocations=in_force))
    *_, none = handed("allocate", first_allocate, snapshot())

    assert tasks["t1"].allocations == allocations["t1"] == {"cpu_quota": 0.5, "memory_low": 5}
    assert next(iter(allocations["t1"])) is AllocationType.QUOTA
    assert none == {"t1": {}}


def test_all_of_it_can_be_copied_pickled_and_written_as_json() -> None:
    platform, tasks = handed("detect", second, snapshot())

    assert copy.deepcopy(tasks) == pickle.loads(pickle.dumps(tasks)) == tasks
    assert pickle.loads(pickle.dumps(platform)) == platform
    assert json.loads(json.dumps(tasks["t1"].measurements))["task_mem_numa_pages"] == {"0": 12, "1": 3}


def test_who_changes_what_it_is_handed_harms_nobody() -> None:
    def vandal(self: Any, platform: Any, tasks_data: Any) -> object:
        self.handed = ()
        for part in (platform.topology, platform.node_cpus, platform.node_distances, platform.measurements):
            part.clear()
        for task in tasks_data.values():
            task.labels.clear()
            task.resources.clear()
            task.measurements["task_mem_numa_pages"].clear()
            task.measurements.clear()
        tasks_data.clear()
        return [], []

    seen = snapshot()
    handed("detect", vandal, seen)

    _, tasks = handed("detect", second, seen)
    assert tasks["t1"].measurements["task_mem_numa_pages"] == {0: 12, 1: 3}
    assert tasks["t1"].labels["app"] == "shop"
    assert dict(MACHINE.topology) == {0: {0: (0, 2), 1: (1, 3)}}
    assert (dict(WEB.labels), dict(WEB.resources)) == ({"app": "shop"}, {"cpus": 1.5, "mem": 4096})


LEVELS = st.lists(st.sampled_from(["0", "1", "-3", "07", "x", "0:1"]), max_size=3)


@given(st.lists(st.tuples(st.sampled_from("ab"), LEVELS)))
def test_any_levels_make_mappings_of_numbers(described: list[tuple[str, list[str]]]) -> None:
    series = []
    for name, levels in described:
        metric = Metric(f"task_{name}", "x", gauge, levels=tuple(f"l{number}" for number in range(len(levels))))
        series.append(Series(metric, WEB, tuple(levels)))

    measurements = Layout(series).of_task("t1", [1.0] * len(series))

    assert measurements is None if not series else measurements is not None
    assert 0 < (total(measurements) or 1) <= max(1, len(series))
