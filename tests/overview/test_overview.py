"""Overviews of real steps on machines made of files, and of any samples."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.builtin.platform.metrics import PlatformMetrics
from wca_core.builtin.pressure.metrics import Pressure
from wca_core.metric_catalogue import described
from wca_core.model.metric import Metric, Sample, Samples, Series, counter, gauge
from wca_core.overview import OverviewMaker, TaskRow, as_json
from wca_core.overview.layout import DURATION, PRESSURE, QUANTITIES
from wca_core.testing import Machine, make_task, running

OCCUPANCY = Metric("task_llc_occupancy_bytes", "Cache.", gauge, unit="bytes", levels=("l3_domain",))
BANDWIDTH = Metric("task_mem_bandwidth_bytes", "Traffic.", counter, unit="bytes", levels=("l3_domain",))
INSTRUCTIONS = Metric("task_instructions", "Instructions.", counter)
CYCLES = Metric("task_cycles", "Cycles.", counter)
IPC = Metric("task_ipc", "Instructions per cycle.", gauge, levels=("cpu",))
USAGE = Metric("task_cpu_usage_seconds", "CPU time.", counter, unit="seconds")
PERIODS = Metric("task_cpu_periods", "Periods.", counter)
THROTTLED = Metric("task_cpu_throttled_periods", "Throttled periods.", counter)
TASK = make_task("/web", name="web-1", labels={"app": "web"})

WITHOUT_PLUGIN_YET = {
    *("task_llc_occupancy_bytes", "task_mem_bandwidth_bytes"),
    *("task_instructions", "task_cycles", "task_ipc"),
}


def rows(*steps: Sequence[Sample], seconds: float = 1.0) -> list[TaskRow]:
    """The first task of the overview of each step."""
    maker = OverviewMaker()
    found = []
    for number, samples in enumerate(steps):
        maker.add(Samples.of(samples), "metrics", 1000.0 + number * seconds)
        overview = maker.overview()
        assert overview is not None
        found.append(overview.tasks[0])
    return found


def pressure(share: float) -> str:
    return f"some avg10={share} avg60=1.00 avg300=1.00 total=5\nfull avg10=0.50 avg60=0.00 avg300=0.00 total=1\n"


def test_before_the_first_step_there_is_no_overview() -> None:
    maker = OverviewMaker()
    maker.add(Samples(), "anomalies", 1000.0)

    assert maker.overview() is None


def test_a_machine_of_files_is_told_with_its_task(tmp_path: Path) -> None:
    files = {
        "cpu.stat": "usage_usec 1000000\nnr_periods 10\nnr_throttled 2\nthrottled_usec 5\n",
        "memory.current": "5000",
        "memory.max": "max",
        "memory.stat": "anon 1\nfile 1\nkernel 1\ninactive_file 2000\npgfault 1\npgmajfault 1\n",
        "cpu.pressure": pressure(12.5),
    }
    machine = Machine(tmp_path).cgroup_v2("/web", files).cpus({0: {0: [0], 1: [1]}})
    machine.file("/proc/stat", "cpu 0 0 0 0 0 0 0 0 0 0\ncpu0 100 0 0 0 0 0 0 0 0 0\ncpu1 100 0 0 0 0 0 0 0 0 0\n")
    machine.file("/proc/meminfo", "MemTotal: 100 kB\nMemFree: 40 kB\nBuffers: 10 kB\nCached: 10 kB\n")
    machine.file("/proc/pressure/memory", pressure(3.25))
    maker = OverviewMaker("node-7")
    with running(machine, [CgroupMetrics(), PlatformMetrics(), Pressure()], [TASK]) as agent:
        maker.add(agent.step().samples, "metrics", machine.clock.now())
        first = maker.overview()
        machine.cgroup_v2("/web", {**files, "cpu.stat": "usage_usec 4000000\nnr_periods 30\nnr_throttled 7\n"})
        machine.file("/proc/stat", "cpu 0 0 0 0 0 0 0 0 0 0\ncpu0 200 0 0 0 0 0 0 0 0 0\ncpu1 250 0 0 0 0 0 0 0 0 0\n")
        machine.clock.advance(2)
        maker.add(agent.step().samples, "metrics", machine.clock.now())
        second = maker.overview()

    assert first is not None
    assert second is not None
    assert (first.seconds, first.cpus_used, first.tasks[0].cpus) == (None, None, None)
    assert (second.host, second.cpus, second.seconds, second.cpus_used) == ("node-7", 2, 2.0, 1.25)
    assert (second.memory_bytes, second.memory_used_bytes) == (102400, 40960)
    assert (second.cpu_pressure, second.memory_pressure) == (None, 3.25)
    assert second.tasks == (
        TaskRow(
            task_id="/web",
            name="web-1",
            labels={"app": "web"},
            cpus=1.5,
            memory_bytes=3000,
            throttled_share=0.25,
            cpu_pressure=12.5,
        ),
    )


def test_the_metrics_an_overview_reads_are_described_by_plugins() -> None:
    names = {one.metric.name for one in described()[0]}

    assert {*QUANTITIES, *PRESSURE, DURATION} - names <= WITHOUT_PLUGIN_YET


def test_values_of_several_domains_are_added_up() -> None:
    def step(traffic: int) -> list[Sample]:
        return [
            *(OCCUPANCY.sample(1000, TASK, l3_domain=0), OCCUPANCY.sample(500, TASK, l3_domain=1)),
            *(BANDWIDTH.sample(traffic, TASK, l3_domain=0), BANDWIDTH.sample(7, TASK, l3_domain=1)),
        ]

    _, second = rows(step(100), step(300), seconds=2.0)

    assert (second.cache_bytes, second.memory_bandwidth) == (1500, 100.0)


@pytest.mark.parametrize("after", [4.9, 0.0])
def test_a_counter_that_fell_gives_nothing_in_that_step_and_a_rate_in_the_next(after: float) -> None:
    _, fallen, next_one = rows(*([USAGE.sample(value, TASK)] for value in (5.0, after, after + 3)))

    assert fallen.cpus is None
    assert next_one.cpus == pytest.approx(3)


def test_a_counter_of_one_domain_that_fell_spoils_the_sum() -> None:
    def step(first: int, second: int) -> list[Sample]:
        return [BANDWIDTH.sample(first, TASK, l3_domain=0), BANDWIDTH.sample(second, TASK, l3_domain=1)]

    assert rows(step(100, 50), step(900, 0))[1].memory_bandwidth is None


def test_a_domain_that_comes_counts_from_then_on() -> None:
    one, other = BANDWIDTH.sample(100, TASK, l3_domain=0), BANDWIDTH.sample(9000, TASK, l3_domain=1)
    later = [BANDWIDTH.sample(150, TASK, l3_domain=0), BANDWIDTH.sample(9001, TASK, l3_domain=1)]

    found = rows([one], [one, other], later)

    assert [row.memory_bandwidth for row in found] == [None, 0, 51]


@pytest.mark.parametrize("seconds", [0.0, -5.0])
def test_a_clock_that_stands_or_goes_back_gives_no_rates(seconds: float) -> None:
    assert rows([USAGE.sample(1, TASK)], [USAGE.sample(2, TASK)], seconds=seconds)[1].cpus is None


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [((10, 2), (20, 7), 0.5), ((10, 2), (10, 2), 0.0), ((0, 0), (0, 0), None), ((10, 2), (3, 0), None)],
)
def test_throttling_is_the_share_of_new_periods(
    before: tuple[int, int], after: tuple[int, int], share: float | None
) -> None:
    steps = [[PERIODS.sample(periods, TASK), THROTTLED.sample(count, TASK)] for periods, count in (before, after)]

    assert rows(*steps)[1].throttled_share == share


def test_instructions_per_cycle_come_from_counters_or_else_from_the_only_sample() -> None:
    counted = [[INSTRUCTIONS.sample(number * 30, TASK), CYCLES.sample(number * 20, TASK)] for number in range(2)]
    told = [IPC.sample(0.7, TASK, cpu=0)]
    of_each_cpu = [*told, IPC.sample(0.5, TASK, cpu=1)]

    assert rows(*counted)[1].instructions_per_cycle == 1.5
    assert rows(told)[0].instructions_per_cycle == 0.7
    assert rows(of_each_cpu)[0].instructions_per_cycle is None


def test_a_task_that_changed_its_labels_keeps_its_rates_and_shows_the_new_ones() -> None:
    changed = make_task("/web", name="web-1", labels={"app": "shop"})

    _, second = rows([USAGE.sample(1, TASK)], [USAGE.sample(3, changed)])

    assert (second.cpus, second.labels) == (2, {"app": "shop"})


def test_the_same_step_gives_the_same_object_and_a_new_one_another() -> None:
    maker = OverviewMaker()
    maker.add(Samples.of([USAGE.sample(1, TASK)]), "metrics", 1.0)
    first = maker.overview()
    again = maker.overview()
    maker.add(Samples.of([USAGE.sample(2, TASK)]), "metrics", 2.0)

    assert first is again
    assert maker.overview() is not first


NUMBERS = st.one_of(st.floats(-1e308, 1e308), st.integers(0, 9), st.just(10**308))
NAMES = (*sorted(QUANTITIES), *sorted(PRESSURE), DURATION, "task_strange", "anomaly", "allocation_cpu_quota")
METRICS = [
    Metric(name, "Any.", gauge, levels=levels) for name in NAMES for levels in ((), ("resource", "kind", "window"))
]
LABELS = [{}, {"uuid": "u", "contended_task_id": "/a"}, {"uuid": "", "contended_task_id": ""}, {"task": "/a"}]
SERIES = st.builds(
    lambda metric, task, window, labels: Series(
        metric, task, ("memory", "some", window) if metric.levels else (), tuple(sorted(labels.items()))
    ),
    st.sampled_from(METRICS),
    st.sampled_from([None, TASK, make_task("/a"), make_task("/a", labels={"x": "y"})]),
    st.sampled_from(["10", "60"]),
    st.sampled_from(LABELS),
)
SAMPLES = st.lists(st.builds(Sample, SERIES, NUMBERS), max_size=6).map(Samples.of)
STEP = st.tuples(SAMPLES, st.sampled_from(["metrics", "anomalies", "allocations"]), NUMBERS)


@given(st.lists(STEP, max_size=4))
def test_any_samples_give_an_overview_of_finite_numbers(steps: list[tuple[Samples, str, float]]) -> None:
    maker = OverviewMaker()
    for samples, stream, now in steps:
        maker.add(samples, stream, float(now))
        overview = maker.overview()
        if overview is not None:
            json.dumps(as_json(overview), allow_nan=False)
