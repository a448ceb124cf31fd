"""The snapshot: what a detector looks up is what a plain search through the samples finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wca_core.model.metric import Metric, Samples, Series, Value, counter, gauge
from wca_core.model.snapshot import Snapshot
from wca_core.model.task import Task

TASKS = [Task(task_id=name, name=name, cgroup_path=f"/{name}") for name in ("a", "b", "c")]
USAGE = Metric("task_cpu_usage_seconds", "CPU time.", counter, unit="seconds")
PAGES = Metric("task_mem_numa_pages", "Pages.", gauge, levels=("numa_node",))
ALL = [
    *(USAGE.series(task) for task in TASKS),
    *(PAGES.series(task, numa_node=node) for task in TASKS for node in (0, 1)),
    Series.of(USAGE, {"job": "x"}),
]

lists_of_series = st.lists(st.sampled_from(ALL), unique=True)
steps = st.lists(st.one_of(lists_of_series, st.none()), min_size=2, max_size=5)
"""None: the very same list as in the step before."""


def snapshots(series_of_steps: list[list[Series] | None]) -> list[Snapshot]:
    """A snapshot a step, one second apart; the values of each are its step's number and the series' place."""
    series: list[Series] = []
    made: list[Snapshot] = []
    for number, told in enumerate(series_of_steps):
        series = series if told is None else list(told)
        values: list[Value] = [100 * number + ALL.index(one) for one in series]
        previous = made[-1] if made else None
        made.append(Snapshot(now=number, tasks=TASKS, samples=Samples(series, values), previous=previous))
    return made


@given(steps)
def test_a_value_is_that_of_its_step_whatever_the_lists_of_series_do(
    series_of_steps: list[list[Series] | None],
) -> None:
    for number, snapshot in enumerate(snapshots(series_of_steps)):
        for at, series in enumerate(ALL):
            found = snapshot.value(series.metric, series.task, **series.level_labels)

            assert found == (100 * number + at if series in snapshot.samples.series else None)


@given(steps)
def test_values_of_a_metric_are_all_of_its_samples_and_no_others(series_of_steps: list[list[Series] | None]) -> None:
    for snapshot in snapshots(series_of_steps):
        plain = {one.series.level_values: one.value for one in snapshot.samples if one.series.task is TASKS[0]}

        found = {**snapshot.values(USAGE, TASKS[0]), **snapshot.values(PAGES, TASKS[0])}

        assert found == plain


@given(steps)
def test_a_rate_needs_the_series_in_both_steps(series_of_steps: list[list[Series] | None]) -> None:
    before, now = snapshots(series_of_steps)[-2:]
    in_both = [series for series in ALL if series in before.samples.series and series in now.samples.series]

    rates = {one: now.rate(one.metric, one.task, **one.level_labels) for one in ALL}

    assert {one for one, rate in rates.items() if rate is not None} == set(in_both)
    assert {rates[one] for one in in_both} <= {100.0}
