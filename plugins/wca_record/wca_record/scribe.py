"""A thread that writes steps into a file, so that the agent's own never waits for a disk."""

from __future__ import annotations

import logging
import threading
from queue import Empty, Full, Queue
from time import monotonic
from typing import Literal, TypeAlias

from wca_record.filing import Counts, Filing
from wca_record.step import RecordedStep

log = logging.getLogger("wca.record")

QUEUE = 30
"""Steps that may wait. They hold references; only their values are their own."""
PATIENCE = 10.0
"""Seconds that the rest may take to be written when the agent ends."""

_Order: TypeAlias = Literal["end", "look"]


class Scribe:
    """Takes steps from the agent's thread and files them in its own."""

    def __init__(self, filing: Filing) -> None:
        self._filing = filing
        self._left_out = 0
        self._is_slow = False
        self._queue: Queue[RecordedStep | _Order] = Queue(QUEUE)
        self._thread = threading.Thread(target=self._run, name="wca-record", daemon=True)
        self._thread.start()

    @property
    def counts(self) -> Counts:
        """As of now; another thread counts on."""
        counts = self._filing.counts
        return Counts(counts.steps, counts.dropped + self._left_out, counts.bytes)

    def take(self, step: RecordedStep) -> None:
        """Hand over a step. Never waits: when the queue is full the step is left out."""
        try:
            self._queue.put_nowait(step)
        except Full:
            self._left_out += 1
            if not self._is_slow:
                log.error("the file cannot be written as fast as steps come: some are left out of the recording")
            self._is_slow = True

    def look(self) -> None:
        """The file was perhaps renamed: then begin a new one."""
        self._order("look")

    def close(self) -> None:
        """Write the rest and end the file."""
        self._order("end")
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            log.error("the rest of the recording could not be written within %g s and is lost", PATIENCE)

    def _order(self, order: _Order) -> None:
        try:
            self._queue.put(order, timeout=PATIENCE)
        except Full:
            log.error("the file of the recording does not take what is written")

    def _run(self) -> None:
        while True:
            try:
                due = self._filing.due
                item = self._queue.get(timeout=None if due is None else max(0.0, due - monotonic()))
            except Empty:
                self._filing.flush()
                continue
            if item == "end":
                self._filing.end()
                return
            if item == "look":
                self._filing.look()
            else:
                self._filing.add(item)
