"""What is asked of state: an instance keeps its own, changes nobody's, and the same input gives the same answer."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.anomaly import Anomaly
from wca_core.model.metric import Block, Sample
from wca_core.model.task import Task
from wca_core.testing.conformance import scene
from wca_core.testing.conformance.check import broken, not_asked, of_hooks
from wca_core.testing.conformance.given import Given, samples_of
from wca_core.testing.conformance.samples import identity
from wca_core.testing.conformance.subject import Subject, scratch
from wca_core.testing.conformance.trial import LOOKING, recorded, trial

MUTABLE = (list, dict, set, bytearray)
REPEATABLE = "take the time from snapshot.now, chance from random.Random(seed), and sort what is in a set"
GIVEN = ("the tasks", "the series", "the values", "the allocations")


@of_hooks(*LOOKING)
def gives_the_same_for_the_same(subject: Subject) -> None:
    """Two fresh instances that are shown the same answer the same: an answer can be replayed."""
    _need_no_threads(subject)
    one, other = (_answers(recorded(subject, reading=scene.disturbed)) for _ in "12")
    _compare(subject, one, other, f"two fresh instances answered the same snapshots differently ({REPEATABLE})")


@of_hooks("collect_metrics", *LOOKING)
def shares_no_state_with_other_instances(subject: Subject) -> None:
    """What one instance was shown changes nothing of what another answers."""
    _need_no_threads(subject)
    fresh = _answers(recorded(subject))
    if fresh != _answers(recorded(subject)):
        not_asked("it does not give the same for the same, which is a check of its own")
    with trial(subject) as fed, trial(subject) as other:
        other.start()
        fed.start()
        answers: list[Given] = []
        for _ in range(8):
            fed.give(scene.tasks(7), reading=scene.disturbed)
            fed.step()
            fed.step()
            answers.append(other.step())
        fed.stop()
        other.stop()
    _compare(subject, fresh, _answers(answers), "an instance answered otherwise because another one was in use")


def shares_no_container_with_other_instances(subject: Subject) -> None:
    """No list, dictionary or set is an attribute of two instances, as a default written `=[]` would be."""
    with scratch() as one_folder, scratch() as other_folder:
        one, other = _state(subject.new(one_folder)), _state(subject.new(other_folder))
        given = set(map(id, subject.fields.values()))
        for name, value in one.items():
            if isinstance(value, MUTABLE) and value is other.get(name) and id(value) not in given:
                kind = type(value).__name__
                broken(f"{subject.place}: all instances share one {kind} as {name}: field(default_factory=...)")


def leaves_its_class_as_it_was(subject: Subject) -> None:
    """What hangs on the class, lists and dictionaries too, is the same after a life as before."""
    before = _of_class(subject.cls)
    recorded(subject, reading=scene.disturbed)
    for name, value in _of_class(subject.cls).items():
        if name not in before or before[name] != value:
            broken(f"{subject.place}.{name} is not what it was before an instance was used: keep it in the instance")


@of_hooks("collect_metrics", "store", *LOOKING)
def changes_nothing_that_it_is_given(subject: Subject) -> None:
    """Tasks, samples, labels, allocations and anomalies are the same after a hook as before."""
    with trial(subject) as one:
        one.give(one.tasks, reading=scene.disturbed)
        one.allocations = [Allocation(task.task_id, AllocationType.CPU_QUOTA, 1.0) for task in one.tasks]
        one.start()
        for at in range(5):
            samples = one.scene.samples(at)
            before = _seen(one.tasks), list(samples.series), list(samples.values), list(one.allocations)
            one.step(samples)
            after = _seen(one.tasks), list(samples.series), list(samples.values), list(one.allocations)
            for what, was, now in (*zip(GIVEN, before, after, strict=True), ("the anomalies", *one.shown_anomalies)):
                if was != now:
                    broken(f"{subject.place} changed {what} that it was given; others are given them too: copy first")
        one.stop()


def _need_no_threads(subject: Subject) -> None:
    """What threads of its own have done by a step is not the same from life to life."""
    with trial(subject) as one:
        before = set(threading.enumerate())
        one.start()
        one.step()
        if set(threading.enumerate()) - before:
            not_asked("threads of its own work beside the steps, so that each life is another")


def _answers(lives: Iterable[Given]) -> list[dict[str, object]]:
    """What was given in each step, in comparable form: of a collector, which measures time too, the series."""
    return [
        {
            hook: _series(items) if hook == "collect_metrics" else list(map(_plain, items))
            for hook, items in one.by_hook.items()
        }
        for one in lives
    ]


def _series(items: list[object]) -> object:
    return [identity(sample.series) for sample in samples_of(items)]


def _plain(item: object) -> object:
    if isinstance(item, Sample):
        return identity(item.series), repr(item.value)
    if isinstance(item, Block):
        return [(identity(series), repr(value)) for series, value in zip(item.series, item.values, strict=False)]
    if isinstance(item, Anomaly):
        context = [(identity(sample.series), repr(sample.value)) for sample in item.context]
        return item.contended_task_id, tuple(item.contending_task_ids), item.resource, context
    return (item.task_id, item.type, repr(item.value)) if isinstance(item, Allocation) else repr(item)


def _compare(subject: Subject, expected: list[dict[str, object]], found: list[dict[str, object]], what: str) -> None:
    for step, (one, other) in enumerate(zip(expected, found, strict=True)):
        for hook in one.keys() | other.keys():
            if one.get(hook) != other.get(hook):
                texts = f"{one.get(hook)!r:.200} expected, found {other.get(hook)!r:.200}"
                broken(f"{subject.place}.{hook}: {what}, in step {step}: {texts}")


def _state(made: object) -> dict[str, object]:
    slots = [name for cls in type(made).__mro__ for name in getattr(cls, "__slots__", ())]
    own = {name: getattr(made, name) for name in slots if hasattr(made, name)}
    return {**own, **getattr(made, "__dict__", {})}


def _of_class(cls: type) -> dict[str, object]:
    """Containers are copied; everything else is compared by what it is."""
    found: dict[str, object] = {}
    for one in cls.__mro__[:-1]:
        for name, value in vars(one).items():
            if isinstance(value, MUTABLE):
                found[name] = _copied(value)
            elif not name.startswith("__"):
                found[name] = id(value)
    return found


def _copied(value: object) -> object:
    """Containers within containers anew; what is in them as it is."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return type(value)(value) if isinstance(value, set | bytearray) else value


def _seen(tasks: Iterable[Task]) -> list[object]:
    return [(task, _text(task.labels), _text(task.resources), task.name, task.task_id) for task in tasks]


def _text(mapping: Mapping[str, object]) -> str:
    return repr(dict(mapping))


CHECKS = (
    gives_the_same_for_the_same,
    shares_no_state_with_other_instances,
    shares_no_container_with_other_instances,
    leaves_its_class_as_it_was,
    changes_nothing_that_it_is_given,
)
