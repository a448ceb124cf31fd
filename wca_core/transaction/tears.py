"""Places whose undoing was refused: remembered with what is to be put back, and tried again in every step.

| in a later step | |
|---|---|
| putting back succeeds | the task is whole again, and gets what is planned for it now |
| the place holds something else than before | somebody took it: it is theirs, and the task is whole |
| it is refused again, and the plan writes all such places | the plan is tried: it makes the task whole too |
| it is refused again otherwise | none of the task's writes is tried |
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from wca_core.journal import Journal
from wca_core.model.outcome import TaskOutcome, WriteFailure
from wca_core.model.write import Write
from wca_core.transaction.reporting import Reports
from wca_core.transaction.steps import Begun, Gone, Refused, Steps


class Tears:
    """All torn places, also those that an earlier agent left in the journal."""

    def __init__(self, steps: Steps, reports: Reports, journal: Journal | None) -> None:
        self._steps = steps
        self._reports = reports
        self._of_tasks: dict[str, dict[str, Begun]] = {}
        """By task id and place."""
        for entry, write in journal.torn() if journal is not None else ():
            begun = Begun(write, entry.torn or b"", entry.last, entry.type)
            self._of_tasks.setdefault(entry.task_id, {})[entry.place] = begun

    def __bool__(self) -> bool:
        return bool(self._of_tasks)

    def add(self, task_id: str, begun: Begun, failure: WriteFailure) -> None:
        """An undoing was refused."""
        places = self._of_tasks.setdefault(task_id, {})
        if begun.write.place not in places:
            self._reports.torn(task_id, failure.place, failure.detail)
        places[begun.write.place] = begun
        self._steps.tear(begun)

    def has(self, place: str) -> bool:
        return any(place in places for places in self._of_tasks.values())

    def goal(self, write: Write, old: bytes) -> bytes:
        """What undoing a write is to put back: not what is torn."""
        for places in self._of_tasks.values():
            if write.place in places:
                return places[write.place].old
        return old

    def forget(self, task_id: str) -> None:
        """All of a task's places were written anew."""
        self._of_tasks.pop(task_id, None)

    def mend(self, planned_tasks: Collection[str], planned_places: Collection[str]) -> dict[str, TaskOutcome]:
        """Try to put back; the tasks that stay torn and of which nothing is to be written."""
        torn: dict[str, TaskOutcome] = {}
        for task_id, places in list(self._of_tasks.items()):
            failures = [failure for begun in list(places.values()) if (failure := self._mended(task_id, begun))]
            if not places:
                del self._of_tasks[task_id]
            elif task_id not in planned_tasks or not places.keys() <= set(planned_places):
                torn[task_id] = TaskOutcome("torn", tuple(failures))
        return torn

    def _mended(self, task_id: str, begun: Begun) -> WriteFailure | None:
        """Why a place is still torn; None if it is not, and is forgotten."""
        write, known = begun.write, begun.found
        try:
            found = self._steps.look(write)
            if found in (begun.old, known) or self._steps.is_so(write, found):
                self._steps.undo(begun)
                self._reports.mended(task_id, write.place)
        except Refused as refused:
            return replace(refused.failure, type=begun.type) if begun.type else refused.failure
        except Gone:
            pass
        del self._of_tasks[task_id][write.place]
        return None
