from __future__ import annotations

import gc
import tracemalloc

from wca_record import open_recording
from wca_record.writer import Writer

from plugins.wca_record.tests.given import ABOUT, saved, step
from wca_core.model.metric import Metric, counter
from wca_core.testing import make_task

TASKS = 1000
METRICS = [Metric(f"task_metric_{number}", "Number.", counter) for number in range(20)]
LABELS = {"app": "web", "namespace": "default"}
CROWD = [make_task(f"/kubepods/pod{number:032x}", labels=LABELS) for number in range(TASKS + 1)]


def large(number, tasks):
    """One in ten values grows."""
    samples = [
        metric.sample(at + (number if at % 10 == 0 else 0), task) for task in tasks for at, metric in enumerate(METRICS)
    ]
    return step(number, samples, tasks)


def test_a_thousand_tasks_that_come_and_go_are_read_as_they_were(tmp_path):
    writer, content = Writer(ABOUT), b""
    crowds = [CROWD[:TASKS], CROWD[1:], CROWD[1:], CROWD[:500]]
    for number, tasks in enumerate(crowds):
        writer.add(large(number, tasks))
        content += writer.taken()

    steps = list(open_recording(saved(tmp_path, content + writer.end())).steps())

    for number, (tasks, found) in enumerate(zip(crowds, steps, strict=True)):
        assert found.tasks == tasks
        assert found.samples.values == large(number, tasks).samples.values


def test_one_task_that_goes_among_a_thousand_costs_next_to_nothing():
    writer = Writer(ABOUT)
    sizes = []
    for number, tasks in enumerate([CROWD[:TASKS], CROWD[:TASKS], CROWD[1:TASKS]]):
        writer.add(large(number, tasks))
        sizes.append(len(writer.taken()))

    first, same, without_one = sizes
    assert same < first / 3
    assert without_one < same * 1.5


def test_values_that_stay_cost_nothing():
    writer = Writer(ABOUT)
    sizes = []
    for number in range(3):
        one = large(0, CROWD[:TASKS])
        writer.add(step(number, one.samples, one.tasks))
        sizes.append(len(writer.taken()))

    assert sizes[2] < 3000


def test_reading_holds_one_chunk_however_long_the_recording(tmp_path):
    def peak(steps):
        writer, content = Writer(ABOUT), b""
        for number in range(steps):
            writer.add(large(number, CROWD[:50]))
            content += writer.taken() if number % 5 == 4 else b""
        path = saved(tmp_path, content + writer.end())
        tracemalloc.start()
        count = sum(1 for _ in open_recording(path).steps())
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == steps
        return most

    assert peak(200) < 1.2 * peak(20)


def test_writing_holds_one_chunk_however_many_tasks_come_and_go():
    def kept(steps):
        tracemalloc.start()
        writer = Writer(ABOUT)
        for number in range(steps):
            tasks = [make_task(f"/{number}-{at}") for at in range(50)]
            writer.add(step(number, [METRICS[0].sample(number, task) for task in tasks], tasks))
            writer.taken()
        gc.collect()  # a task and its series refer to each other
        now, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return now

    assert kept(160) < 1.3 * kept(80)
