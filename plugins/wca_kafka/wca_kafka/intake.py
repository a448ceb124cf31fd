"""Batches that wait to be made messages of: a step hands its samples in and goes on."""

from __future__ import annotations

import threading
from collections import deque

from wca_kafka.fields import Overflow
from wca_kafka.messages import Batch

DEPTH = 16
"""Batches that may wait. They do only where making messages takes longer than a step, or has to wait for room."""


class Intake:
    """One thread takes, others put."""

    def __init__(self, overflow: Overflow, patience: float, depth: int = DEPTH) -> None:
        """`patience`: seconds that `put` may wait if `overflow` is `block`."""
        self._overflow = overflow
        self._patience = patience
        self._depth = depth
        self._waiting: deque[Batch] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, batch: Batch) -> Batch | None:
        """The batch that finds no room and is lost: this one, or an older one."""
        with self._changed:
            if self._overflow == "block":
                self._changed.wait_for(self._has_room, self._patience)
            lost = None
            if self._closed or (not self._has_room() and self._overflow != "drop_oldest"):
                return batch
            if not self._has_room():
                lost = self._waiting.popleft()
            self._waiting.append(batch)
            self._changed.notify_all()
            return lost

    def take(self) -> Batch | None:
        """The oldest, as soon as there is one; None when there will be none any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            batch = self._waiting.popleft()
            self._changed.notify_all()
            return batch

    def close(self) -> None:
        """Take no more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def emptied(self) -> list[Batch]:
        """All that wait; nothing is left."""
        with self._changed:
            batches = list(self._waiting)
            self._waiting.clear()
            return batches

    @property
    def is_full(self) -> bool:
        """A step asks, so it waits for no lock."""
        return not self._has_room()

    def _has_room(self) -> bool:
        return len(self._waiting) < self._depth or self._closed
