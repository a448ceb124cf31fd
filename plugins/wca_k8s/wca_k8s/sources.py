"""Where pods come from, asked once a step: a server that is asked each time, or watches that already know."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import is_
from typing import Protocol

from wca_core.errors import TaskSynchronizationException
from wca_core.net.last_answer import LastAnswer
from wca_core.net.polls import Polls
from wca_k8s.watch import JOINING, Watch


class Source(Protocol):
    """The pods of this node, as they came, of any type."""

    @property
    def is_stale(self) -> bool:
        """Whether what was given last is older than the last question."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def documents(self) -> Sequence[object]:
        """The same object as before if nothing happened. Raises `TaskSynchronizationException`."""


@dataclass(frozen=True, slots=True)
class Polling:
    """Asks in every step."""

    ask: Callable[[], Sequence[object]]
    close: Callable[[], None]
    polls: Polls
    answer: LastAnswer[Sequence[object]]

    @property
    def is_stale(self) -> bool:
        return self.answer.is_stale

    def start(self) -> None:
        """There is nothing to prepare."""

    def stop(self) -> None:
        self.close()

    def documents(self) -> Sequence[object]:
        return self.answer.to(self._asked)

    def _asked(self) -> Sequence[object]:
        with self.polls.poll():
            return self.ask()


class Watching:
    """Gives what the watches know; waits at most `patience` seconds, before their first list only."""

    def __init__(self, watches: Sequence[Watch], patience: float) -> None:
        self._watches = watches
        self._patience = patience
        self._has_waited = False
        self._parts: list[Sequence[object]] = []
        self._documents: Sequence[object] = ()

    @property
    def is_stale(self) -> bool:
        return any(watch.is_stale for watch in self._watches)

    def start(self) -> None:
        for watch in self._watches:
            watch.start()

    def stop(self) -> None:
        for watch in self._watches:
            watch.ask_to_stop()
        deadline = time.monotonic() + JOINING  # of all together
        for watch in self._watches:
            watch.stop(deadline)

    def documents(self) -> Sequence[object]:
        if not self._has_waited:
            self._has_waited = True
            for watch in self._watches:
                watch.wait_for_first_attempt(self._patience)
        for watch in self._watches:
            if not watch.is_complete:
                raise TaskSynchronizationException(watch.error)
        parts = [watch.documents for watch in self._watches]
        if len(parts) != len(self._parts) or not all(map(is_, parts, self._parts)):
            self._parts = parts
            self._documents = [*chain.from_iterable(parts)]
        return self._documents
