"""What hooks cost the agent: the CPU time that they take, and the time for which they wait."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

SCHEDULING = "/proc/thread-self/schedstat"
"""Nanoseconds that this thread ran, and that it was ready to run and others did (kernel: sched-stats.rst)."""


@dataclass
class Cost:
    """Added up since the last `reset`."""

    cpu_seconds: float = 0.0
    """In all threads."""
    waited: dict[str, float] = field(default_factory=dict)
    """Seconds by hook for which the agent's thread neither ran nor was ready to. Empty if the kernel does not tell."""

    @contextmanager
    def counted(self, hook: str) -> Iterator[None]:
        began, busy, cpu = time.perf_counter(), _busy_seconds(), time.process_time()
        try:
            yield
        finally:
            self.cpu_seconds += time.process_time() - cpu
            if busy is not None:
                elapsed, ran = time.perf_counter() - began, (_busy_seconds() or 0.0) - busy
                self.waited[hook] = self.waited.get(hook, 0.0) + max(0.0, elapsed - ran)

    def reset(self) -> None:
        self.cpu_seconds = 0.0
        self.waited.clear()


def _busy_seconds() -> float | None:
    """So long has this thread run, or waited for a CPU, so that a busy machine is no fault of a plugin's."""
    try:
        with open(SCHEDULING, "rb", buffering=0) as file:
            ran, ready, *_ = map(int, file.read(100).split())
    except (OSError, ValueError):
        return None
    return (ran + ready) / 1e9
