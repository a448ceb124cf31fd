"""The only code that writes to the machine: check the plan → order → journal → write → read back → undo on failure.

The unit is a task: after a step it has all that was wanted for it or all that it had, and the other tasks do not
notice. Where undoing is refused as well, the task is torn; that is told, kept, and tried again in every later step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from wca_core.audit import AuditLog
from wca_core.journal import Journal
from wca_core.model.outcome import State, TaskOutcome, TransactionOutcome, WriteFailure
from wca_core.model.statistics import Statistics
from wca_core.model.write import Write
from wca_core.transaction.bounds import Bounds
from wca_core.transaction.plan import planned, task_of, type_of
from wca_core.transaction.reporting import Reports
from wca_core.transaction.steps import Begun, Gone, Refused, Steps
from wca_core.transaction.tears import Tears
from wca_core.write_kinds import InstalledKinds


@dataclass(slots=True)
class _Unit:
    """The writes of one task, as far as they have come."""

    task_id: str
    left: int = 0
    begun: list[Begun] = field(default_factory=list)
    failures: list[WriteFailure] = field(default_factory=list)
    types: set[str] = field(default_factory=set)
    is_gone: bool = False
    is_torn: bool = False
    is_given_up: bool = False
    """No more of its writes are tried."""
    is_settled: bool = False
    """What had to be put back was tried to be."""
    has_made: bool = False
    """At least one write."""

    @property
    def state(self) -> State:
        if self.is_torn or (self.failures and self.has_made and not self.is_given_up):
            return "torn"
        if self.is_gone:
            return "gone"
        return "undone" if self.failures else "done"

    @property
    def outcome(self) -> TaskOutcome:
        return TaskOutcome(self.state, tuple(self.failures))


class Transaction:
    """Makes the writes of one step after another; see `apply`."""

    def __init__(
        self,
        journal: Journal | None,
        audit: AuditLog | None,
        statistics: Statistics,
        *,
        rollback: bool = True,
        bounds: Bounds | None = None,
    ) -> None:
        """`rollback` false: writes are independent, and what a task got before one failed stays.

        `bounds`: else every kind of write that is installed, at any place.
        """
        self._rollback = rollback
        self._bounds = Bounds(InstalledKinds()) if bounds is None else bounds
        self._reports = Reports(audit, statistics)
        self._steps = Steps(journal, self._reports)
        self._tears = Tears(self._steps, self._reports, journal)

    def apply(self, writes: Sequence[Write]) -> TransactionOutcome:
        """Make these writes. To be called in every step, also without any: what is torn is tried again.

        Never raises because of a write. What breaks the step off from outside (a signal) is passed on, after the
        tasks that were not finished have been put back.
        """
        if not writes and not self._tears:
            return TransactionOutcome()
        plan = planned(writes, self._bounds)
        units = self._units(plan.writes)
        still_torn = self._tears.mend(units, {write.place for write in plan.writes})
        tried = 0
        try:
            for write in plan.writes:
                unit = units[task_of(write)]
                if task_of(write) in still_torn or unit.is_given_up:
                    continue
                tried += self._write(write, unit)
                unit.left -= 1
        except BaseException:
            self._break_off(units.values())
            raise
        return TransactionOutcome(self._outcomes(units, plan.refused) | still_torn, tried)

    def rehearse(self, writes: Sequence[Write]) -> TransactionOutcome:
        """What `apply` would try, without a write: only the audit log is told, with the result `dry_run`."""
        plan = planned(writes, self._bounds)
        for write in plan.writes:
            self._reports.attempted(write, "do", (None, None), "dry_run", 0.0)
        states = {task_of(write): TaskOutcome("planned") for write in plan.writes}
        return TransactionOutcome(states | self._outcomes({}, plan.refused))

    def _units(self, writes: Iterable[Write]) -> dict[str, _Unit]:
        units: dict[str, _Unit] = {}
        for write in writes:
            unit = units.setdefault(task_of(write), _Unit(task_of(write)))
            unit.left += 1
            unit.types.add(type_of(write))
        return units

    def _write(self, write: Write, unit: _Unit) -> int:
        """Writes tried: none where it is so already."""
        tried = 0
        try:
            old = self._steps.look(write)
            if self._steps.is_so(write, old):
                if self._tears.has(write.place):
                    self._steps.note(write, old)
                return 0
            self._steps.remember(write, old)
            begun = Begun(write, self._tears.goal(write, old))
            unit.begun.append(begun)
            tried = 1
            self._steps.make(begun)
            unit.has_made = True
            self._reports.made(write)
        except Gone:
            unit.is_gone = True
            self._reports.gone(unit.task_id, write.place)
            self._give_up(unit)
        except Refused as refused:
            unit.failures.append(refused.failure)
            self._reports.failed(unit.task_id, refused.failure)
            self._give_up(unit)
        return tried

    def _give_up(self, unit: _Unit) -> None:
        """After a failure."""
        if not self._rollback and not unit.is_gone:
            return
        unit.is_given_up = True
        if unit.failures:
            self._reports.rolled_back(unit.failures[0])
        self._undo(unit)

    def _undo(self, unit: _Unit) -> None:
        for begun in reversed(unit.begun):
            if not begun.write.reversible:
                continue
            try:
                self._steps.undo(begun)
            except Gone:
                continue
            except Refused as refused:
                unit.is_torn = True
                unit.failures.append(refused.failure)
                self._tears.add(unit.task_id, begun, refused.failure)
        unit.is_settled = True

    def _break_off(self, units: Iterable[_Unit]) -> None:
        for unit in units:
            if self._rollback and unit.left and not unit.is_settled:
                self._undo(unit)

    def _outcomes(self, units: dict[str, _Unit], refused: dict[str, list[WriteFailure]]) -> dict[str, TaskOutcome]:
        for task_id, failures in refused.items():
            for failure in failures:
                self._reports.failed(task_id, failure)
        for unit in units.values():
            if unit.state == "done":
                self._tears.forget(unit.task_id)
                self._reports.succeeded(unit.task_id, unit.types)
        outcomes = {task_id: unit.outcome for task_id, unit in units.items()}
        return outcomes | {task_id: TaskOutcome("undone", tuple(failures)) for task_id, failures in refused.items()}
