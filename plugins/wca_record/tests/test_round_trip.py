from __future__ import annotations

import math
import string
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from wca_record import open_recording
from wca_record.plain import dumps, loads
from wca_record.writer import Writer

from plugins.wca_record.tests.given import ABOUT, LOAD, TASKS, USAGE, data, force, saved, step, told, usual
from wca_core.model.allocation import AllocationType
from wca_core.model.cpu_codenames import CpuCodename
from wca_core.model.metric import Merge, Metric, Sample, Series, counter, gauge
from wca_core.model.platform import Platform
from wca_core.model.rdt_allocation import RDTAllocation
from wca_core.model.task import Task
from wca_core.testing import make_task

anything = st.text(st.characters(), max_size=8)  # with lone surrogates
labels = st.dictionaries(anything, anything, max_size=3)
tasks = st.builds(
    Task,
    task_id=st.sampled_from(["a", "b", "c", "\udcff", "\\udcff", "é", ""]),
    name=anything,
    cgroup_path=anything,
    subcgroups_paths=st.lists(anything, max_size=2).map(tuple),
    controller_paths=labels,
    labels=labels,
    resources=st.dictionaries(anything, st.floats() | anything, max_size=2),
)
ALLOCATIONS = [force("a", AllocationType.CPU_QUOTA, value) for value in (0.5, 1)]
ALLOCATIONS.append(force("b", AllocationType.CPUSET_CPUS, "0-1"))
words = st.text(string.ascii_lowercase, min_size=1, max_size=3)
metrics = st.builds(
    Metric,
    name=words,
    help=st.just("Help. é"),
    type=st.sampled_from([counter, gauge]),
    unit=st.sampled_from(["bytes", "seconds"]),
    levels=st.lists(words, max_size=2, unique=True).map(tuple),
    merge=st.sampled_from(Merge),
)
values = st.floats() | st.integers() | st.integers(2**53 - 3, 2**53 + 3) | st.sampled_from([0.0, -0.0, 0, 1, 1.0])


@st.composite
def any_steps(draw):
    """A few tasks and metrics that come, go and change; series that stand several times; any values."""
    some_metrics = draw(st.lists(metrics, min_size=1, max_size=3))
    steps = []
    for number in range(draw(st.integers(1, 6))):
        if not steps or draw(st.booleans()):
            some_tasks = draw(st.lists(tasks, max_size=4, unique_by=lambda task: task.task_id))
            series = draw(st.lists(st.sampled_from(some_metrics), max_size=6))
            series = [drawn_series(draw, metric, some_tasks) for metric in series]
        samples = [Sample(one, draw(values)) for one in series]
        now, in_force = draw(st.floats(-1e300, 1e300)), tuple(draw(st.lists(st.sampled_from(ALLOCATIONS), max_size=3)))
        steps.append(step(number * 3, samples, some_tasks, now=now, allocations=in_force))
    return steps


def drawn_series(draw, metric, some_tasks):
    if draw(st.booleans()):
        return Series.of(metric, draw(st.dictionaries(words, anything, max_size=2)))
    task = draw(st.sampled_from([None, *some_tasks]))
    return metric.series_at(task, tuple(draw(anything) for _ in metric.levels))


def read(content: bytes):
    with TemporaryDirectory() as folder:
        recording = open_recording(saved(Path(folder), content))
        return list(recording.steps()), recording


@given(any_steps(), st.integers(1, 3))
@settings(max_examples=200)
def test_what_was_recorded_is_what_is_read(steps, chunk):
    found, recording = read(data(steps, chunk))

    assert recording.trouble is None
    assert [told(one) for one in found] == [told(one) for one in steps]


def test_what_is_in_force_again_after_a_step_in_which_nothing_was_is_read():
    in_force = (force("a", AllocationType.CPU_QUOTA, 0.5),)
    steps = [step(number, allocations=of_step) for number, of_step in enumerate([in_force, (), in_force])]

    found, recording = read(data(steps))

    assert recording.trouble is None
    assert [one.allocations for one in found] == [in_force, (), in_force]


def test_a_step_in_which_no_discoverer_answered_says_so_and_whom_it_knows():
    steps = [step(0, is_discovered=False, also_known=("a", "\udcff")), step(1)]

    found, recording = read(data(steps))

    assert recording.trouble is None
    assert [(one.is_discovered, one.also_known) for one in found] == [(False, ("a", "\udcff")), (True, ())]


def test_a_recording_tells_of_itself():
    _, recording = read(data([usual(0)]))

    assert recording.about == ABOUT


def test_a_recording_without_steps_can_be_read():
    found, recording = read(data([]))

    assert found == []
    assert recording.trouble is None


def test_what_does_not_change_is_the_very_same_object():
    found, _ = read(data([usual(number) for number in range(5)], chunk=2))

    first, *others = found
    for other in others:
        assert other.tasks is first.tasks
        assert other.samples.series is first.samples.series
        assert other.allocations is first.allocations


def test_tasks_that_stay_are_the_same_objects_when_another_goes():
    first, second = read(data([usual(0, tasks=3), usual(1, tasks=2)]))[0]

    assert [task.task_id for task in second.tasks] == ["/t0", "/t1"]
    assert second.tasks[0] is first.tasks[0]
    assert second.samples.series[0] is first.samples.series[0]


def test_the_series_of_a_task_belong_to_the_task_of_the_step():
    found, _ = read(data([usual(0)]))

    assert found[0].samples.series[1].task is found[0].tasks[1]


def test_a_task_whose_labels_change_is_another_object_with_other_series():
    before, after = make_task("/t", labels={"v": "1"}), make_task("/t", labels={"v": "2"})

    steps = [step(number, [USAGE.sample(1.0, task, cpu=0)], [task]) for number, task in enumerate((before, after))]
    first, second = read(data(steps))[0]

    assert second.tasks[0] == after
    assert second.samples.series[0].labels["v"] == "2"
    assert second.samples.series[0] is not first.samples.series[0]


def test_a_series_that_comes_back_has_a_value_again():
    found, _ = read(data([usual(0, tasks=3), usual(1, tasks=1), usual(2, tasks=3)], chunk=1))

    assert [one.samples.values for one in found] == [[0.0, 1.0, 2.0, 7], [1.5, 7], [3.0, 4.0, 5.0, 7]]


def test_equal_series_keep_their_own_values():
    twice = [LOAD.sample(1), LOAD.sample(2)]

    found, _ = read(data([step(0, twice), step(1, [LOAD.sample(1), LOAD.sample(3)])]))

    assert [one.samples.values for one in found] == [[1, 2], [1, 3]]


def test_a_nan_keeps_its_bits_and_ints_their_size():
    numbers = [float("nan"), -0.0, 2**53 + 1, 2**63, -(2**64), 10**5000, math.inf]
    samples = [USAGE.sample(number, TASKS[0], cpu=at) for at, number in enumerate(numbers)]

    found, _ = read(data([step(0, samples, TASKS), step(1, samples, TASKS)]))

    assert told(found[1]) == told(step(1, samples, TASKS))


def test_a_large_int_that_changes_by_one_is_told():
    steps = [step(number, [LOAD.sample(2**60 + number)]) for number in range(3)]

    found, _ = read(data(steps))

    assert [one.samples.values for one in found] == [[2**60], [2**60 + 1], [2**60 + 2]]


PLATFORM = Platform(
    topology={0: {0: (0, 2), 1: (1, 3)}},
    offline_cpus=frozenset({7}),
    cpu_kind={0: "core"},
    cpu_model="Some\udcff CPU",
    cpu_codename=CpuCodename.ZEN_4,
    node_cpus={0: frozenset({0, 1}), 4: frozenset()},
    node_distances={0: {0: 10, 4: 31}},
    node_has_memory=frozenset({0, 4}),
    node_tiers={0: 4},
    swap_enabled=True,
    timestamp=0.1,
    parts={"uncore": ["imc0"], "rdt": {"ways": (1, 2)}},
)


def test_the_platform_comes_with_all_its_fields():
    found, _ = read(data([step(0, platform=PLATFORM), step(1, platform=PLATFORM), step(2)], chunk=1))

    assert vars(found[0].platform) == vars(PLATFORM)
    assert found[1].platform is found[0].platform
    assert found[2].platform is None


def test_allocations_of_every_type_come_as_they_were():
    given_values = [0.5, 7, "0-3", [1, 2], None, RDTAllocation(name="g", l3="L3:0=ff"), ("a", {1: 2.5}), "max"]
    allocations = tuple(
        force("t", kind, given_values[at % len(given_values)]) for at, kind in enumerate(AllocationType)
    )

    found, _ = read(data([step(0, allocations=allocations), step(1, allocations=allocations[1:]), step(2)], chunk=1))

    assert [one.allocations for one in found] == [allocations, allocations[1:], ()]
    assert found[1].allocations[0] is found[0].allocations[1]


nested = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | anything,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.integers() | anything, inner, max_size=3)
        | st.frozensets(st.integers(), max_size=3)
    ),
    max_leaves=8,
)


@given(nested)
def test_any_plain_value_survives_as_text(value):
    assert loads(dumps(value)) == value
    assert repr(type(loads(dumps(value)))) == repr(type(value))


def test_an_object_that_nobody_knows_becomes_its_text():
    class Odd:
        def __repr__(self):
            return "odd"

    assert loads(dumps([Odd()])) == ["odd"]


def test_a_dataclass_of_a_plugin_becomes_an_object_with_its_fields():
    assert loads(dumps(ABOUT)) == SimpleNamespace(**{name: getattr(ABOUT, name) for name in ABOUT.__slots__})


def test_what_contains_itself_ends():
    endless: list[object] = []
    endless.append(endless)

    assert "[...]" in dumps(endless)


def test_words_of_tasks_that_are_gone_leave_the_dictionaries():
    writer = Writer(ABOUT)
    content = b""
    for number in range(30):
        crowd = [make_task(f"/{number}-{at}", labels={}) for at in range(500)]
        writer.add(step(number, [USAGE.sample(1.0, task, cpu=0) for task in crowd], crowd))
        content += writer.taken()

    sizes = [len(batch["task"].dictionary) for batch in pa.ipc.open_stream(content + writer.end())]

    assert max(sizes) < 5_000
    found, _ = read(content + Writer(ABOUT).end()[-8:])
    assert found[29].samples.values == [1.0] * 500


def test_the_columns_for_people_say_what_a_value_is():
    rows = pa.ipc.open_stream(data([usual(0), usual(1, tasks=1)])).read_all().to_pylist()

    values = [row for row in rows if row["kind"] == "value"]
    names = [(row["step"], row["task"], row["metric"], row["labels"], row["value"]) for row in values]
    assert names == [
        (0, "/t0", "task_usage_seconds", '{"cpu":"0"}', 0.0),
        (1, "/t0", "task_usage_seconds", '{"cpu":"0"}', 1.5),
        (0, "/t1", "task_usage_seconds", '{"cpu":"1"}', 1.0),
        (1, "/t1", "task_usage_seconds", '{"cpu":"1"}', None),
        (0, "/t2", "task_usage_seconds", '{"cpu":"2"}', 2.0),
        (1, "/t2", "task_usage_seconds", '{"cpu":"2"}', None),
        (0, None, "platform_load", None, 7.0),
    ]
    assert values[-1]["integer"] is True
