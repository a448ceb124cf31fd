"""Makes granted changes so: decides which are made now, has their writes planned, and hands them to a transaction."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from wca_core.allocating.deciding import Decision
from wca_core.allocation_metrics import AllocationCounts
from wca_core.dispatch import Binding, Dispatcher
from wca_core.enforcement.back_off import BackOff
from wca_core.enforcement.blast_radius import BlastRadius
from wca_core.enforcement.merging import Place, Wish, is_same
from wca_core.enforcement.reconciling import TRUCE, WINDOW, Reconciling
from wca_core.host import Host
from wca_core.model.allocation import Allocation
from wca_core.model.shown import shown
from wca_core.model.write import Change, Write
from wca_core.settings import AllocationSettings
from wca_core.transaction import TaskOutcome, Transaction, malformed

log = logging.getLogger("wca.allocation")


@dataclass(frozen=True, slots=True)
class Made:
    """What came of the changes of one step."""

    reached: Mapping[Place, Allocation] = field(default_factory=dict)
    planned: Mapping[Place, Allocation] = field(default_factory=dict)
    """What a dry run would have written."""


class Making:
    """Makes changes step after step."""

    def __init__(
        self, dispatcher: Dispatcher, host: Host, settings: AllocationSettings, counts: AllocationCounts
    ) -> None:
        rails = settings.guard_rails
        self.reconciling = Reconciling(settings.reconcile)
        self._dispatcher = dispatcher
        self._host = host
        self._settings = settings
        self._counts = counts
        self._back_off = BackOff(by_task=settings.rollback == "task")
        self._blast_radius = BlastRadius(
            None if rails is None else rails.max_tasks_changed_per_iteration,
            refuses=rails is not None and not rails.clamps("max_tasks_changed_per_iteration"),
        )
        self._told: dict[Place, object] = {}
        """What a dry run said last that it would write."""

    def make(self, decision: Decision, transaction: Transaction) -> Made:
        """Never raises because of a plugin or a write."""
        self.reconciling.forget_all_but(self._host.known_tasks)
        self._back_off.forget_all_but(self._host.known_tasks)
        chosen = self._chosen(decision)
        changes, writes = self._planned(chosen, decision.planners) if chosen else ({}, [])
        if self._settings.dry_run:
            self._tell(changes, writes)
            transaction.rehearse(writes)
            return Made(planned={place: change.wanted for place, change in changes.items()})
        self.reconciling.reached(decision.kept)
        outcome = transaction.apply(writes)  # also without writes: what is torn is tried again
        reached = {
            place: change
            for place, change in changes.items()
            if self._is_reached(place, change, outcome.tasks.get(place[0]))
        }
        self._back_off.succeeded(reached)
        self.reconciling.reached(map(_wish, reached.values()))
        return Made(reached={place: change.wanted for place, change in reached.items()})

    def _chosen(self, decision: Decision) -> dict[Place, Change]:
        """Those that are made now: not left to others, not failed just before, not too many tasks at once."""
        left = self._left(decision.changes)
        values = ((place, change.requested) for place, change in decision.changes.items())
        left |= self._back_off.waiting(values, self._host.statistics.iterations)
        chosen = {place: change for place, change in decision.changes.items() if place not in left}
        tasks = frozenset(self._blast_radius.of(task_id for task_id, _ in chosen))
        return {place: change for place, change in chosen.items() if place[0] in tasks}

    def _left(self, changes: Mapping[Place, Change]) -> set[Place]:
        """What somebody else changes again and again."""
        known = ((place, change) for place, change in changes.items() if change.in_force is not None)
        wishes = {place: _wish(change) for place, change in known}  # what cannot be read did not drift
        drifts, left = self.reconciling.drifts(wishes, self._host.clock.monotonic())
        for drift in drifts:
            task_id, kind = drift.place
            self._counts.drift[kind] += 1
            if drift.gives_up:
                text = "%s of %s: somebody changed it again and again within %g s; it is left to them for %g s"
                log.warning(text, kind, task_id, WINDOW, TRUCE)
        return left

    def _planned(
        self, changes: Mapping[Place, Change], planners: Mapping[Place, Binding]
    ) -> tuple[dict[Place, Change], list[Write]]:
        """The changes that can be made, and their writes: each plugin plans what it accepted."""
        by_planner: dict[str, list[Place]] = {}
        for place in changes:
            by_planner.setdefault(planners[place].name, []).append(place)
        possible: dict[Place, Change] = {}
        writes: list[Write] = []
        for binding in self._dispatcher.with_hook("plan_writes"):
            places = by_planner.get(binding.name, [])
            planned = self._writes_of(binding, [changes[place] for place in places]) if places else None
            if planned is not None:
                possible.update((place, changes[place]) for place in places)
                writes += planned
        return possible, writes

    def _writes_of(self, binding: Binding, changes: Sequence[Change]) -> list[Write] | None:
        """None if the plugin failed or gave something that is no write of one of these changes."""
        outcome = self._dispatcher.call_one(binding, "plan_writes", changes=changes, host=self._host)
        if outcome.failed:
            return None
        own = {id(change) for change in changes}
        for item in outcome.items:
            wrong = malformed(item)
            if wrong or id(item.change) not in own:
                reason = wrong or "it is for none of the changes asked for"
                message = f"gave {shown(item)}, which is no write of its plan: {reason}; none is written"
                self._dispatcher.fault(binding, "plan_writes", message)
                return None
        return outcome.items

    def _is_reached(self, place: Place, change: Change, outcome: TaskOutcome | None) -> bool:
        """Whether the change is in force now; if it failed it waits before it is tried again."""
        if outcome is None:
            return True  # there was nothing to write
        failures = [failure for failure in outcome.failures if failure.type == place[1]]
        for failure in failures[:1]:
            self._back_off.failed(place, failure.errno, change.requested, self._host.statistics.iterations)
        return not failures and (outcome.state == "done" or self._settings.rollback == "none")

    def _tell(self, changes: Mapping[Place, Change], writes: Iterable[Write]) -> None:
        """What a dry run would write, each value once."""
        self._counts.dry_run.update(kind for _, kind in changes)
        told = {place: change.wanted.value for place, change in changes.items()}
        for write in writes:
            assert write.change is not None, "it is one of these changes"
            wanted, old = write.change.wanted, write.change.in_force
            if not is_same(self._told.get((wanted.task_id, wanted.type)), wanted.value):
                was = "nothing known" if old is None else shown(old.value)
                text = "dry run: %s of %s is not written: from %s to %s at %s"
                log.info(text, wanted.type, wanted.task_id, was, shown(wanted.value), write.place)
        self._told = told


def _wish(change: Change) -> Wish:
    """As it was wished: what allocators would repeat."""
    wanted = change.wanted
    return Wish(Allocation(wanted.task_id, wanted.type, change.requested), change.plugin)
