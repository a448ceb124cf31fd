"""What is told about writes: the log once per change, the audit log every time, and counts."""

from __future__ import annotations

import logging

from wca_core.audit import Attempt, AuditLog
from wca_core.model.outcome import WriteFailure
from wca_core.model.statistics import Statistics
from wca_core.model.write import Write
from wca_core.transaction.plan import type_of

log = logging.getLogger("wca.transaction")

REMEMBERED = 10_000
"""Failures that are not told again; beyond that some are."""


class Reports:
    """All that tells about writes."""

    def __init__(self, audit: AuditLog | None, statistics: Statistics) -> None:
        self._audit = audit
        self._statistics = statistics
        self._told: dict[tuple[str, str], str] = {}

    def attempted(
        self, write: Write, action: str, seen: tuple[bytes | None, bytes | None], result: str, seconds: float
    ) -> None:
        """A write was tried; `seen`: before and after."""
        if self._audit is not None:
            before, after = seen
            self._audit.tell(
                Attempt(write=write, action=action, before=before, after=after, result=result, seconds=seconds)
            )

    def made(self, write: Write) -> None:
        self._statistics.writes[type_of(write)] += 1

    def failed(self, task_id: str, failure: WriteFailure) -> None:
        """Logged if it is another failure than the last one of this task and type."""
        self._statistics.write_errors[failure.type, failure.errno] += 1
        key = task_id, failure.type
        if self._told.get(key) != failure.errno:
            if len(self._told) >= REMEMBERED:
                self._told.clear()
            self._told[key] = failure.errno
            log.warning("%s of %s: %s: %s", failure.type, task_id or "the machine", failure.place, failure.detail)

    def succeeded(self, task_id: str, types: set[str]) -> None:
        """The next failure is a new one."""
        if self._told:
            for one in types:
                self._told.pop((task_id, one), None)

    def rolled_back(self, failure: WriteFailure) -> None:
        self._statistics.rollbacks[failure.type] += 1

    def gone(self, task_id: str, place: str) -> None:
        log.debug("%s: the cgroup of %s is gone", place, task_id or "the machine")
        for key in [key for key in self._told if key[0] == task_id]:
            del self._told[key]

    def torn(self, task_id: str, place: str, reason: str) -> None:
        log.error(
            "%s: %s is torn: what was there before cannot be put back (%s); tried again in every step, or by"
            " `wca restore`",
            place,
            task_id or "the machine",
            reason,
        )

    def mended(self, task_id: str, place: str) -> None:
        log.warning("%s: what was there before is put back: %s is whole again", place, task_id or "the machine")
