"""Reads what was counted for each task, and attends to the words that stand where there is no number."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping

from wca_core.builtin.complaints import Complaints
from wca_core.linux.files import OpenFiles, is_gone
from wca_rdt.resctrl.accumulators import Place
from wca_rdt.resctrl.counter_assignment import assign, assignment_lines, read_available
from wca_rdt.resctrl.descriptions import ACTIVITY, ENERGY
from wca_rdt.resctrl.information import Information
from wca_rdt.resctrl.monitored_task import MonitoredTask
from wca_rdt.resctrl.options import Options
from wca_rdt.resctrl.sight import Sight
from wca_rdt.resctrl.values import ERROR, GONE, UNASSIGNED, UNAVAILABLE, Reading

log = logging.getLogger("wca.rdt")

_NAME = re.compile(r"[a-zA-Z0-9_]+")
_QUIET = (UNAVAILABLE, GONE, UNASSIGNED)


class Reader:
    """Of one mounted resctrl. Never raises for one task."""

    def __init__(self, budget: OpenFiles, information: Information, options: Options, complaints: Complaints) -> None:
        self._budget = budget
        self._information = information
        self._assigns = options.assign_counters
        self._complaints = complaints
        self._domains: list[str] | None = None
        self.telemetry = tuple(
            event
            for event in information.telemetry
            if _NAME.fullmatch(event) and (options.telemetry or event in (ENERGY, ACTIVITY))
        )
        """Events that are read for each package."""

    def notice_domains(self, path: str) -> bool:
        """Whether caches or packages came or went since the step before: all files are then to be opened again."""
        try:
            found = sorted(os.listdir(f"{path}/mon_data"))
        except OSError:
            return False
        before, self._domains = self._domains, found
        return before is not None and before != found

    def read(self, state: MonitoredTask, sight: Sight) -> None:
        """Take what was counted for a task, if it has a group."""
        if state.group is None:
            return
        directory = sight.resctrl.directory(state.group)
        try:
            if not state.is_open:
                identity = os.stat(directory).st_ino
                state.open(self._budget, f"{directory}/mon_data", identity, self._information.events, self.telemetry)
            readings = state.read()
        except OSError as error:
            state.close()
            state.counted.occupancy = {}
            if not is_gone(error):
                state.errors += 1
                message = f"task {state.task.task_id}: {directory}/mon_data: cannot be read: {error.strerror}"
                self._complaints.tell(logging.WARNING, "unreadable", state.task.task_id, message)
            return
        words = {place: reading for place, reading in readings.items() if isinstance(reading, str)}
        if words:
            self._attend(state, words, sight)

    def _attend(self, state: MonitoredTask, words: Mapping[Place, Reading], sight: Sight) -> None:
        task_id = state.task.task_id
        for (event, domain), word in words.items():
            if word in _QUIET:
                log.debug("task %s: %s of L3 cache %d: %s", task_id, event, domain, word)
                continue
            state.errors += 1
            found = "the hardware reports an error" if word == ERROR else f"a number expected, found {word!r}"
            message = f"task {task_id}: {event} of L3 cache {domain}: {found}"
            self._complaints.tell(logging.WARNING, f"{event} {domain}", task_id, message)
        if UNASSIGNED in words.values():
            self._assign(state, words, sight)

    def _assign(self, state: MonitoredTask, words: Mapping[Place, Reading], sight: Sight) -> None:
        lines = assignment_lines(words, read_available(sight.resctrl.path)) if self._assigns else []
        reason = "there are no free counters" if self._assigns else "resctrl_assign_counters is off"
        assert state.group is not None
        for line in lines:
            try:
                assign(sight.resctrl.directory(state.group), line)
            except OSError as error:
                lines, reason = [], f"{error.strerror} ({sight.resctrl.last_status()})"
                break
        if not lines:
            message = (
                f"task {state.task.task_id}: no counters are assigned to its group, its memory bandwidth is not "
                f"measured: {reason} (info/L3_MON/num_mbm_cntrs)"
            )
            self._complaints.tell(logging.WARNING, "unassigned", state.task.task_id, message)
