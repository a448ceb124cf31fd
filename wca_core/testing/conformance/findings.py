"""What is asked of what a plugin finds and wishes: anomalies and allocations that the agent can use."""

from __future__ import annotations

from collections.abc import Iterator

from wca_core.enforcement.values import refused
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.anomaly import Anomaly
from wca_core.testing.conformance import scene
from wca_core.testing.conformance.check import broken, not_asked, of_hooks
from wca_core.testing.conformance.given import Given
from wca_core.testing.conformance.subject import Subject
from wca_core.testing.conformance.trial import Trial, trial

IN_FORCE: dict[AllocationType, object] = {
    AllocationType.CPU_QUOTA: 1.0,
    AllocationType.CPU_SHARES: 1.0,
    AllocationType.CPUSET_CPUS: "0-3",
    AllocationType.CPUSET_MEMS: "0-1",
}


@of_hooks("detect", "allocate")
def finds_anomalies_of_known_tasks(subject: Subject) -> None:
    """An anomaly names a victim and suspects that are tasks of the snapshot."""
    found = 0
    for one, given in _lives(subject):
        known = {task.task_id for task in one.tasks}
        for anomaly in given.all_of(Anomaly):
            assert isinstance(anomaly, Anomaly)
            found += 1
            if unknown := sorted(anomaly.task_ids - known):
                broken(f"{subject.place}: an anomaly names {unknown[0]!r}; a task_id of snapshot.tasks expected")
    if not found:
        not_asked("it found no anomaly in what the kit showed it")


@of_hooks("detect", "allocate")
def suspects_others_than_the_victim(subject: Subject) -> None:
    """The victim of an anomaly is not among its own suspects, and nobody is suspected twice."""
    found = [one for _, given in _lives(subject) for one in given.all_of(Anomaly) if isinstance(one, Anomaly)]
    for anomaly in found:
        suspects = list(anomaly.contending_task_ids)
        if anomaly.contended_task_id in suspects or len(set(suspects)) < len(suspects):
            broken(
                f"{subject.place}: {anomaly.contended_task_id!r} suffers from {suspects}: others expected, each once"
            )
    if not found:
        not_asked("it found no anomaly in what the kit showed it")


@of_hooks("allocate")
def wishes_for_known_tasks(subject: Subject) -> None:
    """A wish is for a task of the snapshot."""
    for one, wish in _wishes(subject):
        if wish.task_id not in {task.task_id for task in one.tasks}:
            broken(f"{subject.place} wishes {wish.type} for {wish.task_id!r}; a task_id of snapshot.tasks expected")


@of_hooks("allocate")
def wishes_each_resource_of_a_task_once(subject: Subject) -> None:
    """In one step there is at most one wish for each resource of a task."""
    for _, given in _lives(subject):
        seen: dict[tuple[str, str], object] = {}
        for wish in given.all_of(Allocation, "allocate"):
            assert isinstance(wish, Allocation)
            if (wish.task_id, wish.type) in seen:
                values = f"{seen[wish.task_id, wish.type]!r} and {wish.value!r}"
                broken(f"{subject.place} wishes {wish.type} of {wish.task_id} twice, as {values}: yield the last only")
            seen[wish.task_id, wish.type] = wish.value


@of_hooks("allocate")
def wishes_values_that_its_type_can_have(subject: Subject) -> None:
    """The value of a wish is of the kind that `AllocationType` tells of."""
    for _, wish in _wishes(subject):
        refusal = refused(wish)
        if refusal is not None:
            broken(f"{subject.place} wishes {refusal}")


def _wishes(subject: Subject) -> Iterator[tuple[Trial, Allocation]]:
    found = 0
    for one, given in _lives(subject):
        for wish in given.all_of(Allocation, "allocate"):
            assert isinstance(wish, Allocation)
            found += 1
            yield one, wish
    if not found:
        not_asked("it wished nothing in what the kit showed it")


def _lives(subject: Subject) -> Iterator[tuple[Trial, Given]]:
    """Steps in even times, in trouble, and in which all tasks but the last are gone."""
    for reading in (scene.quiet, scene.disturbed):
        with trial(subject) as one:
            one.give(one.tasks, reading=reading)
            one.allocations = [
                Allocation(task.task_id, type, value) for task in one.tasks for type, value in IN_FORCE.items()
            ]
            one.start()
            for _ in range(8):
                yield one, one.step()
            one.give(one.tasks[-2:])
            for _ in range(3):
                yield one, one.step()
            one.stop()


CHECKS = (
    finds_anomalies_of_known_tasks,
    suspects_others_than_the_victim,
    wishes_for_known_tasks,
    wishes_each_resource_of_a_task_once,
    wishes_values_that_its_type_can_have,
)
