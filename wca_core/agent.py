"""The agent: one step after another, each of five verbs. Read `Agent.step` from top to bottom."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wca_core.anomalies import AnomalyLog
from wca_core.discovery import Discovery
from wca_core.dispatch import Binding, Dispatcher
from wca_core.errors import StartError
from wca_core.gathering import Concatenation, joined
from wca_core.host import Host
from wca_core.labelling import Labelling, TaskLabelGenerator
from wca_core.model.allocation import Allocation
from wca_core.model.anomaly import Anomaly
from wca_core.model.course import Course
from wca_core.model.histories import longest_of
from wca_core.model.metric import Samples
from wca_core.model.snapshot import Snapshot
from wca_core.model.task import Task
from wca_core.plugin_api import hooks_of
from wca_core.readiness import check_readiness
from wca_core.settings import AllocationSettings
from wca_core.storing import Storages
from wca_core.unmeasured import Unmeasured

if TYPE_CHECKING:
    from wca_core.allocating.enforcing import Enforcing

log = logging.getLogger("wca.agent")

NOT_RESTORED = 3
"""The exit code of an agent that could not put back all that it should."""


@dataclass(slots=True)
class Step:
    """What one step measured and found."""

    now: float = 0.0
    """Unix time, just before measuring."""
    steady: float = 0.0
    """The same on a clock that does not jump [seconds]."""
    tasks: Sequence[Task] = ()
    samples: Samples = field(default_factory=Samples)
    findings: Samples = field(default_factory=Samples)
    anomalies: list[Anomaly] = field(default_factory=list)
    allocations: Samples = field(default_factory=Samples)
    """What tasks have at its end, and the counts of an agent that allocates."""


class Agent:
    """All plugins of one node, plugged into one loop.

    Raises `PluginError` if one cannot be accepted, `ConfigurationError` if a label of `label_generators` cannot be one.
    """

    def __init__(
        self,
        bindings: Sequence[Binding],
        host: Host,
        label_generators: Mapping[str, TaskLabelGenerator] | None = None,
        allocation: AllocationSettings | None = None,
        default_journal: str | None = None,
    ) -> None:
        """`default_journal`: where an agent that allocates remembers what was there, if `allocation` does not say."""
        self.host = host
        self.exit_code = 0
        """Of the process, once the agent has stopped."""
        self._dispatcher = Dispatcher(bindings, host.statistics)
        self._storages: Storages | None = None
        self._discovery = Discovery(self._dispatcher, host, Labelling(label_generators or {}))
        self._anomaly_log = AnomalyLog()
        self._of_anomalies = Concatenation()
        self._of_derived = Concatenation()
        self._enforcing = self._new_enforcing(allocation, default_journal)
        self._onlookers = [
            binding for hook in ("derive_metrics", "detect", "allocate") for binding in self._dispatcher.with_hook(hook)
        ]
        longest = longest_of((binding.name, binding.plugin) for binding in self._onlookers)
        self._course = Course(longest, host.task_classes)
        self._unmeasured = Unmeasured(self._onlookers)

    def start(self) -> None:
        """Start every plugin. Raises `StartError` for the first that refuses; those before it are stopped."""
        check_readiness(self._dispatcher, self.host)
        if self._enforcing is not None:
            self._enforcing.keeping.open()
        started: list[Binding] = []
        for binding in self._starting():
            started.append(binding)
            error = self._dispatcher.start_one(binding, self.host)
            if error is not None:
                self._put_back()
                self._stop_plugins(started)
                raise StartError(f"{binding.name} cannot start: {error}") from error
        self._storages = Storages(self._dispatcher)

    def stop(self) -> None:
        """Stop the storages' threads, put back what is to be, and stop every plugin, whatever happens."""
        if self._storages is not None:
            self._storages.stop()
            self._storages = None
        self._put_back()
        self._stop_plugins(self._dispatcher.with_hook("stop"))
        self.host.close()

    def reload(self) -> None:
        """Let every plugin open its outputs again and read its files again."""
        for binding in self._dispatcher.with_hook("reload"):
            self._dispatcher.call_one(binding, "reload", host=self.host)
        if self._enforcing is not None:
            self._enforcing.keeping.reopen()

    def step(self) -> Step:
        """One step. Raises `TooManyFailures` if that is configured, and nothing else because of a plugin."""
        host, dispatcher = self.host, self._dispatcher
        step = Step()
        host.look_around()
        with self._timed("sync_containers_state"):
            is_discovered = self._discovery.look()
        step.tasks = self._discovery.tasks
        step.now, step.steady = host.clock.now(), host.clock.monotonic()
        with self._timed("prepare_tasks_data"):
            step.samples, _ = dispatcher.collect("collect_metrics", tasks=step.tasks, host=host)
        in_force = self._enforcing.in_force(step.tasks) if self._enforcing else []
        snapshot = self._snapshot(step, in_force)
        if snapshot is not None:
            snapshot = self._derive(step, snapshot)
            self._unmeasured.look(snapshot)
        if snapshot is not None and is_discovered:
            self._detect(step, snapshot)
            self._allocate(step, snapshot)
        if self._enforcing is not None:
            step.allocations = self._enforcing.samples()
        self._store(step)
        if self._enforcing is not None:
            self._enforcing.end_if_exhausted()
        return step

    def _snapshot(self, step: Step, in_force: list[Allocation]) -> Snapshot | None:
        """What the plugins look back on; None if nobody does."""
        if not self._onlookers:
            return None
        measured = Snapshot(
            now=step.now,
            steady=step.steady,
            tasks=step.tasks,
            samples=step.samples,
            platform=self.host.platform_if_known,
            allocations=in_force,
        )
        return self._course.follow(measured, self.host.known_tasks)

    def _derive(self, step: Step, snapshot: Snapshot) -> Snapshot:
        """With what plugins compute of it; the very same if they give nothing."""
        derived, _ = self._dispatcher.collect("derive_metrics", snapshot=snapshot)
        if not derived.series:
            return snapshot
        step.samples = joined([step.samples, derived], self._of_derived)
        return self._course.derive(step.samples, self.host.known_tasks)

    def _detect(self, step: Step, snapshot: Snapshot) -> None:
        if not self._dispatcher.with_hook("detect"):
            return
        with self._timed("detect"):
            step.findings, outcomes = self._dispatcher.collect("detect", snapshot=snapshot)
        step.anomalies = [item for outcome in outcomes for item in outcome.items if isinstance(item, Anomaly)]

    @contextmanager
    def _timed(self, function: str) -> Iterator[None]:
        """Under the name that its duration has had since the original WCA."""
        monotonic = self.host.clock.monotonic
        started = monotonic()
        yield
        self.host.statistics.function(function).add(monotonic() - started)

    def _allocate(self, step: Step, snapshot: Snapshot) -> None:
        if self._enforcing is None:
            return
        output = self._enforcing.allocate(snapshot, step.anomalies, self._discovery.stale)
        step.findings = joined([step.findings, output.findings])
        step.anomalies += output.anomalies

    def _store(self, step: Step) -> None:
        if self._storages is None:
            return
        if self._dispatcher.with_hook("detect") or self._enforcing is not None:
            encoded = self._anomaly_log.samples(step.anomalies, step.tasks, self.host.clock.now())
            self._storages.store(joined([encoded, step.findings], self._of_anomalies), "anomalies")
        if self._enforcing is not None:
            self._storages.store(step.allocations, "allocations", again=step.findings)
        step.samples.steady = step.steady
        self._storages.store(step.samples, "metrics")

    def _new_enforcing(self, allocation: AllocationSettings | None, default_journal: str | None) -> Enforcing | None:
        """None if nobody wishes anything; who only measures does not wait for the import either."""
        if not self._dispatcher.with_hook("allocate"):
            return None
        from wca_core.allocating.enforcing import Enforcing

        return Enforcing(self._dispatcher, self.host, allocation, default_journal)

    def _put_back(self) -> None:
        if self._enforcing is not None and not self._enforcing.keeping.close():
            self.exit_code = NOT_RESTORED

    def _starting(self) -> list[Binding]:
        """Storages last: whoever adds to the common labels has done so when they take them."""
        started = self._dispatcher.with_hook("start")
        return sorted(started, key=lambda binding: "store" in hooks_of(type(binding.plugin)))

    def _stop_plugins(self, bindings: Sequence[Binding]) -> None:
        for binding in reversed(bindings):
            if "stop" in self._dispatcher.hooks(binding):
                self._dispatcher.call_one(binding, "stop")
