"""Asks the allocators. One that fails or gives something strange costs only its own wishes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from wca_core.allocation_metrics import AllocationCounts
from wca_core.dispatch import Dispatcher, Outcome
from wca_core.errors import TooManyFailures
from wca_core.host import Host
from wca_core.model.allocation import Allocation
from wca_core.model.anomaly import Anomaly
from wca_core.model.metric import Samples
from wca_core.model.snapshot import Snapshot
from wca_core.settings import AllocationSettings

log = logging.getLogger("wca.allocation")


@dataclass(frozen=True, slots=True)
class Output:
    """What all allocators gave in one step."""

    wishes: Sequence[tuple[str, Sequence[Allocation]]]
    """By plugin, in their order."""
    anomalies: Sequence[Anomaly]
    findings: Samples


class Asking:
    """Asks step after step."""

    def __init__(
        self, dispatcher: Dispatcher, host: Host, settings: AllocationSettings, counts: AllocationCounts
    ) -> None:
        self._dispatcher = dispatcher
        self._host = host
        self._settings = settings
        self._counts = counts
        self._errors: dict[str, int] = {}
        """That each plugin had counted after its last call."""
        self._failures: dict[str, int] = {}
        """Of each plugin in a row."""

    def output(self, snapshot: Snapshot, anomalies: Sequence[Anomaly]) -> Output:
        """What is wished in view of this snapshot."""
        started = self._host.clock.monotonic()
        findings, outcomes = self._dispatcher.collect("allocate", snapshot=snapshot, anomalies=tuple(anomalies))
        self._counts.duration = self._host.clock.monotonic() - started
        self._host.statistics.function("allocate").add(self._counts.duration)
        self._warn_if_slow()
        for outcome in outcomes:
            self._count_failures(outcome)
        return Output(
            wishes=[(outcome.binding.name, self._wishes_of(outcome)) for outcome in outcomes],
            anomalies=[item for outcome in outcomes for item in outcome.items if isinstance(item, Anomaly)],
            findings=findings,
        )

    def end_if_exhausted(self) -> None:
        """Raises `TooManyFailures` if an allocator failed as often in a row as permitted."""
        limit = self._settings.max_consecutive_plugin_errors
        for name, failures in self._failures.items():
            if 0 < limit <= failures:
                raise TooManyFailures(
                    f"plugin {name} failed in allocate {failures} times in a row; "
                    f"max_consecutive_plugin_errors is {limit}: the agent ends"
                )

    def _warn_if_slow(self) -> None:
        limit = self._settings.allocate_timeout
        if limit is not None and self._counts.duration > limit:
            log.warning(
                "allocate took %.3f s, more than allocate_timeout (%g s); it cannot be interrupted safely",
                self._counts.duration,
                limit,
            )

    def _wishes_of(self, outcome: Outcome[object]) -> list[Allocation]:
        """None if anything in the output is of a wrong type, which is told already: who knows what the rest means."""
        if all(isinstance(item, Allocation | Anomaly) for item in outcome.items):
            return [_as_it_is_now(item) for item in outcome.items if isinstance(item, Allocation)]
        self._counts.errors += 1
        log.error("all allocations of plugin %s are dropped in this step", outcome.binding.name)
        return []

    def _count_failures(self, outcome: Outcome[object]) -> None:
        """A call that is left out because the plugin pauses is neither a failure nor a success."""
        name = outcome.binding.name
        errors = self._host.statistics.plugin(name).errors["allocate"]
        if not outcome.failed:
            self._failures[name] = 0
        elif errors > self._errors.get(name, 0):
            self._failures[name] = self._failures.get(name, 0) + 1
        self._errors[name] = errors


def _as_it_is_now(wish: Allocation) -> Allocation:
    """A list may go on changing in the allocator's hands: then it would always equal what was granted before."""
    value = wish.value
    if not isinstance(value, list | set):
        return wish
    return Allocation(wish.task_id, wish.type, tuple(value) if isinstance(value, list) else frozenset(value))
