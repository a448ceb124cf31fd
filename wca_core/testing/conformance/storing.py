"""What is asked of a storage: it takes whatever a step gave, of each stream, and changes nothing of it."""

from __future__ import annotations

from contextlib import suppress

from wca_core.errors import FailedDeliveryException
from wca_core.model.metric import Metric, Samples, Series, gauge
from wca_core.testing.conformance import scene
from wca_core.testing.conformance.check import blaming, broken, of_hooks
from wca_core.testing.conformance.scene import Scene
from wca_core.testing.conformance.subject import Subject
from wca_core.testing.conformance.trial import STREAMS, Trial, trial

FREE = Metric("conformance_free_labels", "A sample whose labels are given as they are.", gauge)


@of_hooks("store")
def stores_each_stream(subject: Subject) -> None:
    """Samples of each of the streams `metrics`, `anomalies` and `allocations` are taken, in any order, repeatedly."""
    _stored(subject, [Scene(scene.tasks(3)).samples(at) for at in range(3)])


@of_hooks("store")
def stores_nothing(subject: Subject) -> None:
    """A step without a single sample is a step too."""
    _stored(subject, [Samples(), Scene(scene.tasks(1)).samples(0), Samples()])


@of_hooks("store")
def stores_very_much(subject: Subject) -> None:
    """A step of 300 tasks, with all that the installed plugins can measure of them."""
    _stored(subject, [Scene(scene.tasks(300)).samples(0)])


@of_hooks("store")
def stores_odd_labels(subject: Subject) -> None:
    """Labels are any text: Unicode, empty, of 5,000 letters, with quotes, line feeds and surrogates."""
    for name, text in scene.ODD_TEXTS.items():
        task = scene.odd_tasks()[list(scene.ODD_TEXTS).index(name)]
        free = Series.of(FREE, {"odd": text})
        with blaming(f"{subject.place}: a label that is {name}"):
            _stored(subject, [Samples.of([FREE.sample(1, task), free.at(2.5)])])


@of_hooks("store")
def stores_all_numbers(subject: Subject) -> None:
    """Whole numbers of any size that a float can hold, negative ones, and the largest and smallest floats."""
    values = [0, -1, 2**63, 10**300, 1.7976931348623157e308, -1.7976931348623157e308, 5e-324, -0.0, 1e-12]
    _stored(subject, [Samples.of([Series.of(FREE, {"number": str(at)}).at(one) for at, one in enumerate(values)])])


@of_hooks("store")
def leaves_stored_samples_as_they_are(subject: Subject) -> None:
    """The samples are the same after `store` as before: other storages are given the very same ones."""
    samples = Scene(scene.tasks(3)).samples(0)
    before = list(samples.series), list(samples.values)
    _stored(subject, [samples])
    if (samples.series, samples.values) != before:
        broken(f"{subject.place}.store changed the samples that it was given: copy them first")


@of_hooks("store")
def says_that_it_stores_locally_by_yes_or_no(subject: Subject) -> None:
    """`stores_locally`, if it has it, is True or False, known before it starts; `contained` is a list of plugins."""
    with trial(subject) as one:
        local = getattr(one.plugin, "stores_locally", False)
        if not isinstance(local, bool):
            broken(f"{subject.place}.stores_locally: True or False expected, found {local!r}")
        contained = getattr(one.plugin, "contained", ())
        if isinstance(contained, str) or not hasattr(contained, "__iter__"):
            broken(
                f"{subject.place}.contained: the plugins that samples are passed on to expected, found {contained!r}"
            )


def _stored(subject: Subject, steps: list[Samples]) -> None:
    with trial(subject, []) as one:
        one.start()
        for samples in steps:
            for stream in (*STREAMS, *reversed(STREAMS)):
                _take(one, samples, stream)
        one.stop()


def _take(one: Trial, samples: Samples, stream: str) -> None:
    """A storage whose server is not there may say so: `FailedDeliveryException`."""
    with suppress(FailedDeliveryException):
        one.call("store", samples=samples, stream=stream)


CHECKS = (
    stores_each_stream,
    stores_nothing,
    stores_very_much,
    stores_odd_labels,
    stores_all_numbers,
    leaves_stored_samples_as_they_are,
    says_that_it_stores_locally_by_yes_or_no,
)
