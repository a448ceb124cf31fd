"""A detector as many are: of every task it looks at a few values and rates, and finds nothing."""

from __future__ import annotations

from wca_core import Snapshot, hookimpl, plugin

VALUES = ("task_mem_usage_bytes", "task_mem_limit_bytes")
RATES = ("task_cpu_usage_seconds", "task_mem_page_faults")


@plugin(api=1)
class LooksAtEachTask:
    """Asks for two values and two rates of each task."""

    @hookimpl
    def detect(self, snapshot: Snapshot) -> None:
        for task in snapshot.tasks:
            for metric in VALUES:
                snapshot.value(metric, task)
            for metric in RATES:
                snapshot.rate(metric, task)


@plugin(api=1)
class LooksAtNothing:
    """Is handed a snapshot and asks for nothing."""

    @hookimpl
    def detect(self, snapshot: Snapshot) -> None:
        pass
