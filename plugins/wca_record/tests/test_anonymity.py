from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from wca_record import open_recording
from wca_record.anonymity import Anonymity
from wca_record.writer import Writer

from plugins.wca_record.tests.given import ABOUT, LOAD, USAGE, force, saved, step, usual
from wca_core.model.allocation import AllocationType
from wca_core.model.metric import Metric, Sample, Series, gauge
from wca_core.model.rdt_allocation import RDTAllocation
from wca_core.model.task_class import TaskClasses
from wca_core.testing import make_task

SECRET = "acme-bank"
REQUESTS = Metric("task_requests", "Requests.", gauge, levels=("tenant",))
WEB = make_task(
    f"/kubepods/besteffort/pod-{SECRET}/1",
    name=f"{SECRET}/web",
    labels={"app": SECRET, "app_kubernetes_io__qos_class": "besteffort", "type": "best_efforts"},
    resources={"cpus": 2.0, "image": f"{SECRET}:1"},
    controller_paths={"cpu": f"/{SECRET}"},
)
RICH = step(
    0,
    [
        USAGE.sample(1.5, WEB, cpu=0),
        REQUESTS.sample(3, WEB, tenant=SECRET),
        Sample(Series.of(LOAD, {"client": SECRET}), 4),
    ],
    [WEB],
    allocations=(force(WEB.task_id, AllocationType.RDT, RDTAllocation(name=SECRET, l3="L3:0=f")),),
)


def recorded(tmp_path, *steps, about=ABOUT):
    writer = Writer(about, anonymity=Anonymity())
    for one in steps:
        writer.add(one)
    recording = open_recording(saved(tmp_path, writer.taken() + writer.end()))
    return list(recording.steps()), recording.about


def test_no_name_is_in_the_recording(tmp_path):
    (found,), about = recorded(tmp_path, RICH, about=replace(ABOUT, host=SECRET, labels={"rack": SECRET}))

    told = [about, *found.tasks, *(one.labels for one in found.samples), found.allocations]
    assert SECRET not in repr(told)
    assert about.anonymous


def test_values_classes_and_relations_stay(tmp_path):
    (found,), _ = recorded(tmp_path, RICH)

    (task,) = found.tasks
    usage, requests, load = found.samples
    assert found.samples.values == RICH.samples.values
    assert TaskClasses().of(task) == TaskClasses().of(WEB)
    assert task.cgroup_path.startswith("/kubepods/besteffort/x")
    assert task.cgroup_path.endswith("/1")
    assert task.task_id == task.cgroup_path == found.allocations[0].task_id
    assert task.resources["cpus"] == 2.0
    assert usage.series.task is task
    assert usage.labels["cpu"] == "0"
    assert requests.labels["tenant"] == load.labels["client"] == task.labels["app"] == task.name.split("/")[0]
    assert found.allocations[0].value.l3 == "L3:0=f"


def test_what_stays_costs_nothing_and_keeps_its_word(tmp_path):
    steps = [usual(number) for number in range(3)]

    found, _ = recorded(tmp_path, *steps)

    assert found[2].tasks is found[0].tasks
    assert found[2].samples.series is found[0].samples.series


def test_two_recordings_have_no_words_in_common(tmp_path):
    first, second = (recorded(tmp_path, RICH)[0][0].tasks[0].name for _ in range(2))

    assert first != second


@given(st.text(st.characters()), st.text(st.characters()))
def test_equal_words_are_equal_names(one, other):
    anonymity = Anonymity()

    assert (anonymity.word(one) == anonymity.word(other)) == (one == other)
