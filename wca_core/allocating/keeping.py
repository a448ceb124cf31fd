"""What an agent writes to the machine with, and puts back what was there: transaction, journal, audit log."""

from __future__ import annotations

import logging

from wca_core.audit import AuditLog
from wca_core.errors import StartError
from wca_core.host import Host
from wca_core.journal import Journal, Restoration, restore
from wca_core.linux.kernel import read_boot_id
from wca_core.settings import AllocationSettings
from wca_core.transaction import Transaction, bounds_of

log = logging.getLogger("wca.allocation")


class Keeping:
    """Opened when the agent starts, closed when it ends; before and after that nothing is remembered."""

    def __init__(self, host: Host, settings: AllocationSettings, default_journal: str | None) -> None:
        """`default_journal`: the path if the settings name none."""
        self._default_journal = default_journal
        self._host = host
        self._settings = settings
        self._journal: Journal | None = None
        self._audit: AuditLog | None = None
        self.transaction = self._new_transaction()

    def open(self) -> None:
        """Raises `StartError` if what was asked for cannot be had.

        A dry run has no journal, and no plugin writes in it when it starts.
        """
        settings = self._settings
        if settings.audit_log is not None:
            self._audit = AuditLog(settings.audit_log, self._host)
        if not settings.dry_run:
            self._journal = self._opened()
        self.transaction = self._new_transaction()
        self._host.transaction = None if settings.dry_run else self.transaction

    def reopen(self) -> None:
        """The audit log was perhaps rotated."""
        if self._audit is not None:
            self._audit.reopen()

    def close(self) -> bool:
        """Put back what is to be put back; False if something could not be. Never raises."""
        restoration = self._restored()
        if self._journal is not None:
            self._journal.close()
        if self._audit is not None:
            self._audit.close()
        self._journal = self._audit = self._host.transaction = None
        return restoration is None or not restoration.failures

    def _opened(self) -> Journal | None:
        """Without one that nobody asked for, an agent can run: only `wca restore` then knows nothing of it."""
        settings = self._settings
        path = settings.restore_state_file or self._default_journal
        if path is None:
            return None
        boot_id = read_boot_id(self._host.proc)
        try:
            return Journal.open(path, boot_id)
        except StartError as error:
            if settings.restore_state_file is not None or settings.restore_on_exit != "none":
                raise
            log.warning("%s", error)
        try:
            return Journal.open(path, boot_id)  # a broken one is out of the way now
        except StartError as error:
            log.warning("%s; `wca restore` will not know what is written", error)
            return None

    def _restored(self) -> Restoration | None:
        if self._journal is None or self._settings.restore_on_exit == "none":
            return None
        restoration = restore(self._journal, audit=self._audit)
        for place in restoration.places:
            log.log(logging.ERROR if place.fate == "failed" else logging.INFO, "restore_on_exit: %s", place)
        return restoration

    def _new_transaction(self) -> Transaction:
        is_whole = self._settings.rollback == "task"
        return Transaction(
            self._journal, self._audit, self._host.statistics, rollback=is_whole, bounds=bounds_of(self._host)
        )
