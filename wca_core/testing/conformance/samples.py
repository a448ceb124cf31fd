"""What is asked of the samples that a plugin yields, in even times and in troubled ones."""

from __future__ import annotations

from collections.abc import Iterator

from wca_core.model.allocation import Allocation
from wca_core.model.anomaly import Anomaly
from wca_core.model.metric import Block, Metric, MetricType, Sample, Series, Value, are_plain_numbers
from wca_core.model.task import Task
from wca_core.testing.conformance import scene
from wca_core.testing.conformance.check import broken, not_asked, of_hooks
from wca_core.testing.conformance.descriptions import kind
from wca_core.testing.conformance.given import Given, samples_of
from wca_core.testing.conformance.subject import Subject
from wca_core.testing.conformance.trial import recorded, trial

YIELDING = ("collect_metrics", "derive_metrics", "detect", "allocate")
MAY_YIELD: dict[str, tuple[type, ...]] = {
    "discover_tasks": (Task,),
    "collect_metrics": (Sample, Block),
    "derive_metrics": (Sample, Block),
    "detect": (Sample, Block, Anomaly),
    "allocate": (Sample, Block, Anomaly, Allocation),
    "read_allocations": (Allocation,),
    "store": (),
}


@of_hooks(*MAY_YIELD)
def yields_what_its_hooks_may_yield(subject: Subject) -> None:
    """Each hook yields nothing but what its specification says: samples, tasks, anomalies, allocations."""
    for given in _lives(subject):
        for hook, items in given.by_hook.items():
            strange = next((one for one in items if type(one) not in MAY_YIELD[hook]), None)
            if strange is not None:
                names = " or ".join(one.__name__ for one in MAY_YIELD[hook]) or "nothing"
                broken(f"{subject.place}.{hook} gave {strange!r:.80}; {names} expected")


@of_hooks(*YIELDING)
def yields_a_value_for_each_series_of_a_block(subject: Subject) -> None:
    """A block has as many values as series."""
    for given in _lives(subject):
        for block in given.all_of(Block):
            assert isinstance(block, Block)
            if len(block.series) != len(block.values):
                broken(f"{subject.place} gave a block of {len(block.series)} series and {len(block.values)} values")


@of_hooks(*YIELDING)
def yields_only_samples_that_it_describes(subject: Subject) -> None:
    """Every sample that it yields is one of those it describes: by name, type, unit and levels."""
    described = {one.name: one for one in subject.described() if isinstance(one, Metric)}
    for sample in _samples(subject):
        metric = described.get(sample.name)
        if metric is None:
            known = ", ".join(sorted(described)) or "nothing"
            broken(f"{subject.place} yields {sample.name}; describe_metrics tells of {known}: add it there")
        if kind(metric) != kind(sample.series.metric):
            found = kind(sample.series.metric)
            broken(f"{subject.place}: {sample.name} is described as {kind(metric)} and yielded as {found}")


@of_hooks(*YIELDING)
def yields_finite_numbers(subject: Subject) -> None:
    """Every value is an int or a float, neither infinite nor NaN, and no bool."""
    for sample in _samples(subject):
        if not are_plain_numbers((sample.value,)):
            broken(f"{subject.place}: {sample.series!r} has the value {sample.value!r}; a finite int or float expected")


@of_hooks(*YIELDING)
def yields_each_series_once_a_step(subject: Subject) -> None:
    """No two samples of a step have the same name and the same labels."""
    for given in _lives(subject):
        for items in (one for hook, one in given.by_hook.items() if hook in YIELDING):
            seen: set[object] = set()
            for sample in samples_of(items):
                key = identity(sample.series)
                if key in seen:
                    broken(f"{subject.place} yields {sample.series!r} twice in a step: tell them apart by a level")
                seen.add(key)


@of_hooks(*YIELDING)
def labels_samples_with_text(subject: Subject) -> None:
    """Every label of a sample is text with a text as value."""
    for sample in _samples(subject):
        for name, value in sample.labels.items():
            if not (isinstance(name, str) and isinstance(value, str)):
                broken(f"{subject.place}: {sample.name} has the label {name!r}={value!r}; texts expected")


@of_hooks(*YIELDING)
def yields_samples_of_known_tasks(subject: Subject) -> None:
    """A sample that belongs to a task belongs to one of those that the hook was given."""
    with trial(subject) as one:
        one.start()
        for _ in range(4):
            known = set(map(id, one.tasks))
            strange = [item for item in one.step().samples if item.series.task and id(item.series.task) not in known]
            if strange:
                broken(
                    f"{subject.place}: {strange[0].series!r} is of a task that is not there; take the tasks as given"
                )
            one.give(one.tasks[1:])


@of_hooks(*YIELDING)
def counts_upwards(subject: Subject) -> None:
    """A counter never falls while what is counted goes on evenly."""
    last: dict[object, Value] = {}
    counters = 0
    for given in recorded(subject):
        for sample in given.samples:
            if sample.series.metric.type is not MetricType.COUNTER:
                continue
            key, counters = identity(sample.series), counters + 1
            if sample.value < last.get(key, sample.value):
                broken(
                    f"{subject.place}: counter {sample.series!r} fell, {last[key]} to {sample.value}: is it a gauge?"
                )
            last[key] = sample.value
    if not counters:
        not_asked("it yielded no counter")


def identity(series: Series) -> tuple[str, tuple[tuple[str, str], ...]]:
    """What tells a series from others: name and labels."""
    return series.name, tuple(sorted(series.labels.items()))


def _samples(subject: Subject) -> Iterator[Sample]:
    found = [sample for given in _lives(subject) for sample in given.samples]
    return iter(found) if found else not_asked("it yielded no sample of what the kit showed it")


def _lives(subject: Subject) -> Iterator[Given]:
    """Made once, as they are only looked at."""
    for reading in (scene.quiet, scene.disturbed):
        if reading not in subject.lives:
            subject.lives[reading] = recorded(subject, reading=reading)
        yield from subject.lives[reading]


CHECKS = (
    yields_what_its_hooks_may_yield,
    yields_a_value_for_each_series_of_a_block,
    yields_only_samples_that_it_describes,
    yields_finite_numbers,
    yields_each_series_once_a_step,
    labels_samples_with_text,
    yields_samples_of_known_tasks,
    counts_upwards,
)
