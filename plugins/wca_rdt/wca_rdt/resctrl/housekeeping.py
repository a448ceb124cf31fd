"""Removes groups that are ours and of no use any more; those of others only if asked to.

Threads of a removed monitoring group go on in its control group. A control group of our own making goes with its last
monitoring group, since nobody is left for whom it was made.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Container, Iterable

from wca_core.builtin.complaints import Complaints
from wca_rdt.resctrl.groups import MonGroup, Resctrl
from wca_rdt.resctrl.sight import Sight

log = logging.getLogger("wca.rdt")


class Housekeeping:
    """Of one mounted resctrl. Never raises: what cannot be removed is told once."""

    def __init__(self, resctrl: Resctrl, complaints: Complaints, *, removes_foreign: bool) -> None:
        self._resctrl = resctrl
        self._complaints = complaints
        self._removes_foreign = removes_foreign

    def tidy(self, sight: Sight, names: Container[str]) -> bool:
        """Remove groups without threads named after no task, which an earlier run left. Whether there were any."""
        idle = [group for group in sight.groups if group.name not in names and self._may_go(group)]
        for group in idle:
            log.info("group %s of an earlier run has no threads: removed", group.name)
            self.remove(group)
        controls = [control for control in sight.controls if self._is_idle_foreign(control)]
        for control in controls:
            self._remove_control(control)
        return bool(idle or controls)

    def remove(self, group: MonGroup) -> None:
        """A task's group, and its control group if that is ours and this was the last one in it."""
        self._remove(group)
        if self._resctrl.is_own_control(group.control) and not self._is_used(group.control):
            self._remove_control(group.control)

    def leave(self, groups: Iterable[MonGroup]) -> None:
        """The agent ends: in control groups of our own they stay, as the record of which task those were made for."""
        for group in groups:
            if not self._resctrl.is_own_control(group.control):
                self._remove(group)

    def _may_go(self, group: MonGroup) -> bool:
        if not (self._removes_foreign or self._resctrl.is_ours(group)):
            return False
        try:
            return not self._resctrl.threads(group)
        except (OSError, ValueError):
            return False

    def _is_idle_foreign(self, control: str) -> bool:
        if not self._removes_foreign or self._is_used(control):
            return False
        try:
            return not self._resctrl.control_threads(control)
        except (OSError, ValueError):
            return False

    def _is_used(self, control: str) -> bool:
        try:
            return bool(self._resctrl.groups().by_control.get(control))
        except OSError:
            return True

    def _remove(self, group: MonGroup) -> None:
        try:
            self._resctrl.remove(group)
        except OSError as error:
            self._tell(self._resctrl.directory(group), error)

    def _remove_control(self, control: str) -> None:
        try:
            self._resctrl.remove_control(control)
        except OSError as error:
            self._tell(self._resctrl.control_directory(control), error)

    def _tell(self, directory: str, error: OSError) -> None:
        message = f"{directory}: cannot be removed: {os.strerror(error.errno or 0)} ({self._resctrl.last_status()})"
        self._complaints.tell(logging.WARNING, "not removed", directory, message)
