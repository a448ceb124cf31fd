"""How it goes for a discoverer that asks a server: counted here, told as metrics by its plugin.

Asking may happen in other threads than telling.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from wca_core.errors import HttpStatusError, NetworkError
from wca_core.model.metric import Metric, Sample, counter, gauge

ERRORS = Metric(
    "wca_discovery_errors",
    "Questions for tasks that were not answered, or not as they should be. kind: http_STATUS, network (nobody there, "
    "no answer in time, TLS, no JSON), content (JSON of another shape).",
    counter,
    levels=("node", "kind"),
)
DURATION = Metric(
    "wca_discovery_duration_seconds",
    "How long the last whole list of tasks took, from the question to its end.",
    gauge,
    unit="seconds",
    levels=("node",),
)
LAST_SUCCESS = Metric(
    "wca_discovery_last_success_timestamp",
    "When the server last told about tasks (Unix time).",
    gauge,
    unit="timestamp",
    levels=("node",),
)
METRICS = (ERRORS, DURATION, LAST_SUCCESS)


class Polls:
    """The record of one discoverer; `node` is the name of its plugin, `now` tells Unix time."""

    def __init__(self, node: str, now: Callable[[], float]) -> None:
        self._node = node
        self._now = now
        self._lock = threading.Lock()
        self._errors: Counter[str] = Counter()
        self._duration: float | None = None
        self._last_success: float | None = None

    @contextmanager
    def poll(self) -> Iterator[None]:
        """Around a question for the whole list: times it and counts whatever is raised."""
        started = perf_counter()
        try:
            yield
        except Exception as error:
            self.failed(error)
            raise
        with self._lock:
            self._duration = perf_counter() - started
        self.heard()

    def heard(self) -> None:
        """The server told something."""
        now = self._now()
        with self._lock:
            self._last_success = now

    def failed(self, error: BaseException) -> None:
        """A question was not answered."""
        with self._lock:
            self._errors[kind_of(error)] += 1

    def samples(self) -> list[Sample]:
        """What is known by now."""
        with self._lock:
            found = [ERRORS.sample(count, node=self._node, kind=kind) for kind, count in self._errors.items()]
            if self._duration is not None:
                found.append(DURATION.sample(self._duration, node=self._node))
            if self._last_success is not None:
                found.append(LAST_SUCCESS.sample(self._last_success, node=self._node))
        return found


def kind_of(error: BaseException) -> str:
    """The kind of an error, as a label."""
    if isinstance(error, HttpStatusError):
        return f"http_{error.status}"
    return "network" if isinstance(error, NetworkError) else "content"
