"""What an agent would have made of wishes, as far as the recording can tell.

| a wish | state |
|---|---|
| for what a plugin named before wishes otherwise | refused |
| that is no value of its type, or for a task that is not there | refused, and by `on_invalid` others with it |
| beyond a guard rail that refuses | refused |
| beyond a guard rail that clamps | clamped |
| any other | wished |

Whether the machine could do it is not asked: `check_allocations` of plugins looks at the machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from wca_core.enforcement import values
from wca_core.enforcement.bounds import Surroundings
from wca_core.enforcement.invalid import remaining
from wca_core.enforcement.merging import Place, is_same, merged
from wca_core.enforcement.merging import Wish as Wished
from wca_core.enforcement.rails import Rails
from wca_core.model.allocation import Allocation, AllocationType, Refusal
from wca_core.model.shown import shown
from wca_core.model.task import Task
from wca_core.model.write import Change
from wca_core.settings import AllocationSettings
from wca_record.replaying.result import Wish

Outputs: TypeAlias = Sequence[tuple[str, Sequence[Allocation]]]
"""What each plugin wished, in the order of the plugins."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is there to allocate to."""

    tasks: Mapping[str, Task]
    in_force: Mapping[Place, Allocation]
    surroundings: Surroundings


class Judging:
    """Judges step after step, and knows which wishes are repeated."""

    def __init__(self, settings: AllocationSettings) -> None:
        self._on_invalid = settings.on_invalid
        self._rails = None if settings.guard_rails is None else Rails(settings.guard_rails)
        self._last: dict[tuple[str, str, AllocationType], Wish] = {}

    def judged(self, outputs: Outputs, scene: Scene) -> list[Wish]:
        """In the order of the outputs; those that another plugin's went before come last."""
        together = merged(outputs)
        answers = {place: self._answer(wish, scene) for place, wish in together.wishes.items()}
        invalid = [one for one in answers.values() if isinstance(one, _Invalid)]
        accepted = {place: one for place, one in answers.items() if isinstance(one, Allocation)}
        left = remaining(accepted, [one.refusal for one in invalid], self._on_invalid)
        found = [_wish(wish, _weighed(place, answers[place], left), scene) for place, wish in together.wishes.items()]
        found += [_overruled(wish, together.wishes[wish.place], scene) for wish in together.overruled]
        return [*self._compared(found, scene.tasks)]

    def _answer(self, wish: Wished, scene: Scene) -> Allocation | Refusal | _Invalid:
        wanted = wish.allocation
        task = scene.tasks.get(wanted.task_id)
        if task is None:
            return _Invalid(Refusal(wanted.task_id, wanted.type, "no such task was there"))
        refusal = values.refused(wanted)
        if refusal is not None:
            return _Invalid(refusal)
        if self._rails is None:
            return wanted
        change = Change(task, wanted, scene.in_force.get(wish.place), wanted.value, wish.plugin)
        return self._rails.held(change, scene.surroundings)

    def _compared(self, wishes: Sequence[Wish], tasks: Mapping[str, Task]) -> Iterator[Wish]:
        for wish in wishes:
            place = wish.plugin, wish.task_id, wish.type
            before = self._last.get(place)
            self._last[place] = wish
            yield replace(wish, is_new=False) if before is not None and _is_repeated(wish, before) else wish
        if len(self._last) > len(wishes):
            self._last = {place: wish for place, wish in self._last.items() if place[1] in tasks}


@dataclass(frozen=True, slots=True)
class _Invalid:
    """A refusal that may cost other wishes too."""

    refusal: Refusal


def _weighed(
    place: Place, answer: Allocation | Refusal | _Invalid, left: Mapping[Place, Allocation]
) -> Allocation | Refusal:
    if isinstance(answer, _Invalid):
        return answer.refusal
    if isinstance(answer, Allocation) and place not in left:
        return Refusal(answer.task_id, answer.type, "another wish of this step is invalid (agent.on_invalid)")
    return answer


def _wish(wish: Wished, answer: Allocation | Refusal, scene: Scene) -> Wish:
    wanted, in_force = wish.allocation, scene.in_force.get(wish.place)
    is_refused = isinstance(answer, Refusal)
    is_clamped = not is_refused and answer is not wanted
    reason = answer.reason if isinstance(answer, Refusal) else ("a guard rail" if is_clamped else "")
    return Wish(
        plugin=wish.plugin,
        task_id=wanted.task_id,
        type=wanted.type,
        value=wanted.value,
        state="refused" if is_refused else "clamped" if is_clamped else "wished",
        granted=None if isinstance(answer, Refusal) else answer.value,
        reason=reason,
        in_force=None if in_force is None else in_force.value,
    )


def _overruled(wish: Wished, first: Wished, scene: Scene) -> Wish:
    reason = f"{first.plugin} comes first with {shown(first.allocation.value)}"
    return _wish(wish, Refusal(wish.allocation.task_id, wish.allocation.type, reason), scene)


def _is_repeated(new: Wish, old: Wish) -> bool:
    is_equal = (new.state, new.reason) == (old.state, old.reason)
    return is_equal and is_same(new.value, old.value) and is_same(new.granted, old.granted)
