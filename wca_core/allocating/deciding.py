"""Decides which wishes are granted: merged, valid, within the guard rails, and possible on this machine."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from wca_core.allocating.asking import Output
from wca_core.allocation_metrics import AllocationCounts
from wca_core.dispatch import Binding, Dispatcher
from wca_core.enforcement import values
from wca_core.enforcement.bounds import Surroundings
from wca_core.enforcement.invalid import remaining
from wca_core.enforcement.merging import Place, Wish, merged
from wca_core.enforcement.rails import Rails
from wca_core.enforcement.settled import Settled
from wca_core.enforcement.target import difference
from wca_core.host import Host
from wca_core.known_packages import CHANGED_BY
from wca_core.model.allocation import Allocation, AllocationType, Refusal
from wca_core.model.shown import shown
from wca_core.model.task import Task
from wca_core.model.write import Change
from wca_core.settings import AllocationSettings

log = logging.getLogger("wca.allocation")


@dataclass(frozen=True, slots=True)
class Scene:
    """What is there to allocate to."""

    tasks: Mapping[str, Task]
    """Those that may be changed in this step, by id."""
    known: Collection[str]
    """The ids of all tasks that are not gone."""
    in_force: Mapping[Place, Allocation]
    surroundings: Surroundings
    around: tuple[object, ...] = ()
    """What all decisions depend on: they are made anew if it is not the very same."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What shall be in force, and what has to change for that."""

    changes: Mapping[Place, Change] = field(default_factory=dict)
    planners: Mapping[Place, Binding] = field(default_factory=dict)
    """Who plans the writes of a change."""
    kept: Sequence[Wish] = ()
    """Of those that were asked about, what is in force already."""


class Deciding:
    """Decides step after step."""

    def __init__(
        self, dispatcher: Dispatcher, host: Host, settings: AllocationSettings, counts: AllocationCounts
    ) -> None:
        self._dispatcher = dispatcher
        self._host = host
        self._settings = settings
        self._counts = counts
        self._settled = Settled()
        self._rails = None if settings.guard_rails is None else Rails(settings.guard_rails)

    def wishes(self, output: Output) -> dict[Place, Wish]:
        """One for each place."""
        together = merged(output.wishes)
        self._counts.conflicts += len(together.overruled)
        for wish in together.overruled:
            first = together.wishes[wish.place]
            log.warning(
                "%s of %s: %s wishes %s, but %s comes first with %s",
                wish.allocation.type,
                wish.allocation.task_id,
                wish.plugin,
                shown(wish.allocation.value),
                first.plugin,
                shown(first.allocation.value),
            )
        return dict(together.wishes)

    def decide(self, wishes: Mapping[Place, Wish], again: Mapping[Place, Wish], scene: Scene) -> Decision:
        """`again`: what was granted before and is wished again on its behalf: nobody is blamed if it is invalid now."""
        every = {**wishes, **again}
        asked = self._settled.unsettled(every, scene.in_force, scene.around)
        candidates, invalid = _candidates(asked, scene)
        held = [one for change in candidates if (one := self._held(change, scene)) is not None]
        answers = self._answers(held)
        invalid += [one.answer for one in answers.values() if isinstance(one.answer, Refusal)]
        counting = [one for one in invalid if (one.task_id, one.type) not in again and not self._is_left_out(one)]
        self._tell(counting, wishes)
        accepted = {place: one.answer for place, one in answers.items() if isinstance(one.answer, Allocation)}
        self._settled.note(asked, {place: one.settled for place, one in answers.items() if one.is_settled})
        accepted.update((place, scene.in_force[place]) for place in every if place not in asked)
        accepted = remaining(accepted, counting, self._settings.on_invalid)
        self._counts.count += len({task_id for task_id, kind in accepted if (task_id, kind) not in again})
        changed = difference(accepted, scene.in_force)
        return Decision(
            {place: answers[place].granted(wanted) for place, wanted in changed.items()},
            {place: answers[place].binding for place in changed},
            [every[place] for place in answers if place in accepted and place not in changed],
        )

    def _held(self, change: Change, scene: Scene) -> Change | None:
        """Within the guard rails; None if one refuses it."""
        if self._rails is None:
            return change
        held = self._rails.held(change, scene.surroundings)
        if isinstance(held, Refusal):
            self._counts.refused[held.type] += 1
            log.warning("not allocated: %s", held)
            return None
        if held is change.wanted:
            return change
        self._counts.clamped[held.type] += 1
        log.info("%s of %s: %r is clamped to %r", held.type, held.task_id, change.wanted.value, held.value)
        return replace(change, wanted=held)

    def _answers(self, changes: Sequence[Change]) -> dict[Place, _Answer]:
        """What the plugins say that plan the writes; the first that answers counts. Unanswered ones are refused."""
        open_ones = {(change.task.task_id, change.wanted.type): change for change in changes}
        answers: dict[Place, _Answer] = {}
        is_complete = True
        for binding in self._planners() if changes else ():
            outcome = self._dispatcher.call_one(binding, "check_allocations", changes=changes, host=self._host)
            is_complete &= not outcome.failed
            for item in self._checked(binding, outcome.items, open_ones):
                place = item.task_id, item.type
                answers.setdefault(place, _Answer(open_ones[place], item, binding))
        if is_complete:  # else who would have answered may be the one that failed, which is told already
            for place, change in open_ones.items():
                if place not in answers:
                    answers[place] = _Answer(change, _nobody(place), None)
        return answers

    def _planners(self) -> list[Binding]:
        """Who accepts a wish must also be able to plan its writes."""
        planners = {binding.name for binding in self._dispatcher.with_hook("plan_writes")}
        return [one for one in self._dispatcher.with_hook("check_allocations") if one.name in planners]

    def _checked(
        self, binding: Binding, items: Iterable[object], asked: Collection[Place]
    ) -> Iterator[Allocation | Refusal]:
        """The answers to what was asked."""
        for item in items:
            if isinstance(item, Allocation | Refusal) and _is_among(item, asked):
                yield item
            else:
                self._dispatcher.fault(binding, "check_allocations", f"gave {shown(item)}, which nobody asked for")

    def _is_left_out(self, refusal: Refusal) -> bool:
        return refusal.is_gone or (refusal.is_unsupported and self._settings.ignore_unsupported)

    def _tell(self, invalid: Sequence[Refusal], wishes: Mapping[Place, Wish]) -> None:
        self._counts.errors += bool(invalid)
        for refusal in invalid:
            wish = wishes[refusal.task_id, refusal.type]
            wished = shown(wish.allocation.value, 200)
            log.error("invalid allocation of plugin %s: %s (wished: %s)", wish.plugin, refusal, wished)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What became of a change that was checked, and who says so."""

    change: Change
    answer: Allocation | Refusal
    by: Binding | None

    @property
    def binding(self) -> Binding:
        assert self.by is not None, "only refusals are nobody's"
        return self.by

    @property
    def is_settled(self) -> bool:
        """It is in force just as it was wished; what a guard rail clamped is to be told again."""
        return self.answer is self.change.in_force and self.change.wanted.value is self.change.requested

    @property
    def settled(self) -> tuple[object, Allocation]:
        assert isinstance(self.answer, Allocation)
        return self.change.requested, self.answer

    def granted(self, wanted: Allocation) -> Change:
        return replace(self.change, wanted=wanted)


def _candidates(wishes: Mapping[Place, Wish], scene: Scene) -> tuple[list[Change], list[Refusal]]:
    """Wishes that are values at all, of tasks that may be changed; those of tasks that stay as they are left out."""
    changes: list[Change] = []
    invalid: list[Refusal] = []
    for place, wish in wishes.items():
        allocation = wish.allocation
        task = scene.tasks.get(allocation.task_id)
        if task is None:
            if allocation.task_id not in scene.known:
                invalid.append(Refusal(allocation.task_id, allocation.type, "no such task runs here"))
            continue
        refusal = values.refused(allocation)
        if refusal is not None:
            invalid.append(refusal)
        else:
            changes.append(Change(task, allocation, scene.in_force.get(place), allocation.value, wish.plugin))
    return changes, invalid


def _is_among(answer: Allocation | Refusal, asked: Collection[Place]) -> bool:
    """Not one of a subclass that has other things for an id and a type."""
    return type(answer.task_id) is str and (answer.task_id, answer.type) in asked


def _nobody(place: Place) -> Refusal:
    task_id, kind = place
    return Refusal(task_id, kind, f"nothing here changes it ({_cure(kind)})", is_unsupported=True)


def _cure(kind: AllocationType) -> str:
    plugin, package = CHANGED_BY.get(kind, ("cgroup-control", "wca-core"))
    return f"the plugin {plugin} of {package} does, where the machine can"
