"""A plugin among a hundred tasks and among a thousand: what it costs there.

Making a thousand tasks, their files and what is measured of them takes seconds, so it is done once, and everything that
is asked of the crowd is found out then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from wca_core.errors import WcaError
from wca_core.testing.conformance import scene
from wca_core.testing.conformance.node import Node
from wca_core.testing.conformance.scene import Scene
from wca_core.testing.conformance.subject import Subject, scratch
from wca_core.testing.conformance.surroundings import unheard
from wca_core.testing.conformance.tracing import traced, traced_bytes, undisturbed
from wca_core.testing.conformance.trial import LOOKING, OF_SAMPLES, Trial, trial

FEW, MANY = 100, 1000
ROUNDS = 3
"""Of steps that are timed."""
MORE_ROUNDS = 7
"""If they took too long: something else may have come between."""
GENEROUS = 4.0
"""Times what linear growth would cost."""
FREE_TIME = 0.02
"""Seconds of CPU that a thousand tasks may always cost: less is not measured well."""


@dataclass
class Crowd:
    """What it costs, by the number of tasks."""

    seconds: dict[int, float] = field(default_factory=dict)
    """CPU time of the hooks in a step."""
    kept: dict[int, int] = field(default_factory=dict)
    """Bytes that are free once the plugin is."""

    @property
    def most_seconds(self) -> float:
        """What `MANY` tasks may cost."""
        return FREE_TIME + self.seconds[FEW] * MANY / FEW * GENEROUS

    @property
    def is_slow(self) -> bool:
        return MANY in self.seconds and self.seconds[MANY] > self.most_seconds


_CROWDS: WeakKeyDictionary[Subject, Crowd | WcaError] = WeakKeyDictionary()


def crowd_of(subject: Subject) -> Crowd:
    """Found out when it is first asked for. Raises what the plugin raises among so many tasks, again if asked again."""
    if subject not in _CROWDS:
        try:
            _CROWDS[subject] = _crowd(subject)
        except WcaError as error:
            _CROWDS[subject] = error
    found = _CROWDS[subject]
    if isinstance(found, WcaError):
        raise found
    return found


def _crowd(subject: Subject) -> Crowd:
    found = Crowd()
    tasks = scene.tasks(MANY)
    with scratch() as folder:
        node = Node(subject, folder)
        if not subject.has(*LOOKING):
            node.scene = Scene((), without=node.scene.without | _three_quarters())
        for count in (FEW, MANY):
            node.give(tasks[:count])
            if subject.has(*OF_SAMPLES):
                node.scene.samples(0)
            with unheard(), undisturbed():
                _time(subject, node, found)
                found.kept[count] = _kept(subject, node)
    return found


def _three_quarters() -> frozenset[str]:
    """The names of most metrics: to a storage one is like the other."""
    names = [metric.name for metric in scene.known_metrics()]
    return frozenset(names) - frozenset(names[::4])


def _time(subject: Subject, node: Node, found: Crowd) -> None:
    """The least of some steps after the first."""
    count = len(node.tasks)
    with trial(subject, node=node) as one:
        one.start()
        one.step()
        found.seconds[count] = min(_time_of_step(one) for _ in range(ROUNDS))
        for _ in range(MORE_ROUNDS if count == MANY and found.is_slow else 0):
            if found.is_slow:
                found.seconds[count] = min(found.seconds[count], _time_of_step(one))
        one.stop()


def _time_of_step(one: Trial) -> float:
    one.cost.reset()
    one.step()
    return one.cost.cpu_seconds


def _kept(subject: Subject, node: Node) -> int:
    with trial(subject, node=node) as one, traced():
        one.start()
        one.step()
        one.step()
        whole = traced_bytes()
        one.give_up()
        return whole - traced_bytes()
