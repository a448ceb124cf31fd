"""The agent: one step after another, each of five verbs. Read `Agent.step` from top to bottom."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from wca_core.anomalies import AnomalyLog
from wca_core.discovery import Discovery
from wca_core.dispatch import Binding, Dispatcher
from wca_core.errors import StartError
from wca_core.gathering import Concatenation, joined
from wca_core.host import Host
from wca_core.labelling import Labelling, TaskLabelGenerator
from wca_core.model.allocation import Allocation, overlaid
from wca_core.model.anomaly import Anomaly
from wca_core.model.metric import Samples
from wca_core.model.snapshot import Snapshot
from wca_core.model.task import Task
from wca_core.model.write import Change
from wca_core.plugin_api import hooks_of
from wca_core.readiness import check_readiness
from wca_core.storing import Storages

log = logging.getLogger("wca.agent")


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
    wishes: list[Allocation] = field(default_factory=list)


class Agent:
    """All plugins of one node, plugged into one loop.

    Raises `PluginError` if one cannot be accepted, `ConfigurationError` if a label of `label_generators` cannot be one.
    """

    def __init__(
        self,
        bindings: Sequence[Binding],
        host: Host,
        label_generators: Mapping[str, TaskLabelGenerator] | None = None,
    ) -> None:
        self.host = host
        self._dispatcher = Dispatcher(bindings, host.statistics)
        self._storages: Storages | None = None
        self._discovery = Discovery(self._dispatcher, host, Labelling(label_generators or {}))
        self._previous: Snapshot | None = None
        self._anomaly_log = AnomalyLog()
        self._of_anomalies = Concatenation()
        self._of_derived = Concatenation()
        self._allocates = bool(self._dispatcher.with_hook("allocate"))
        self._looks_back = any(self._dispatcher.with_hook(hook) for hook in ("derive_metrics", "detect", "allocate"))

    def start(self) -> None:
        """Start every plugin. Raises `StartError` for the first that refuses; those before it are stopped."""
        check_readiness(self._dispatcher, self.host)
        started: list[Binding] = []
        for binding in self._starting():
            started.append(binding)
            error = self._dispatcher.start_one(binding, self.host)
            if error is not None:
                self._stop_plugins(started)
                raise StartError(f"{binding.name} cannot start: {error}") from error
        self._storages = Storages(self._dispatcher)

    def stop(self) -> None:
        """Stop the storages' threads and every plugin, whatever happens."""
        if self._storages is not None:
            self._storages.stop()
            self._storages = None
        self._stop_plugins(self._dispatcher.with_hook("stop"))
        self.host.close()

    def reload(self) -> None:
        """Let every plugin open its outputs again and read its files again."""
        for binding in self._dispatcher.with_hook("reload"):
            self._dispatcher.call_one(binding, "reload", host=self.host)

    def step(self) -> Step:
        """One step. Never raises because of a plugin."""
        host, dispatcher = self.host, self._dispatcher
        step = Step()
        host.look_around()
        with self._timed("sync_containers_state"):
            is_discovered = self._discovery.look()
        step.tasks = self._discovery.tasks
        step.now, step.steady = host.clock.now(), host.clock.monotonic()
        with self._timed("prepare_tasks_data"):
            step.samples, _ = dispatcher.collect("collect_metrics", tasks=step.tasks, host=host)
        in_force = self._in_force(step.tasks)
        snapshot = self._snapshot(step, in_force)
        if snapshot is not None:
            derived, _ = dispatcher.collect("derive_metrics", snapshot=snapshot)
            step.samples = joined([step.samples, derived], self._of_derived) if derived.series else step.samples
        if snapshot is not None and is_discovered:
            self._detect(step, snapshot)
            self._allocate(step, snapshot, in_force)
        self._store(step)
        return step

    def _in_force(self, tasks: Sequence[Task]) -> list[Allocation]:
        if not self._allocates:
            return []
        outcomes = self._dispatcher.call("read_allocations", tasks=tasks, host=self.host)
        return [item for outcome in outcomes for item in outcome.items if isinstance(item, Allocation)]

    def _snapshot(self, step: Step, in_force: list[Allocation]) -> Snapshot | None:
        """What the plugins look back on; None if nobody does."""
        if not self._looks_back:
            return None
        previous = self._previous
        if previous is not None:
            previous.forget_the_past()
        self._previous = Snapshot(
            now=step.now,
            steady=step.steady,
            tasks=step.tasks,
            samples=step.samples,
            platform=self.host.platform_if_known,
            allocations=in_force,
            previous=previous,
        )
        return self._previous

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

    def _allocate(self, step: Step, snapshot: Snapshot, in_force: list[Allocation]) -> None:
        """Ask for wishes and plan how they would be made so.

        This version plans only: it has no transaction yet, so it writes nothing.
        """
        findings, outcomes = self._dispatcher.collect("allocate", snapshot=snapshot, anomalies=tuple(step.anomalies))
        step.findings = joined([step.findings, findings])
        items = [item for outcome in outcomes for item in outcome.items]
        step.anomalies += [item for item in items if isinstance(item, Anomaly)]
        step.wishes = [item for item in items if isinstance(item, Allocation)]
        tasks = {task.task_id: task for task in step.tasks}
        force = {(allocation.task_id, allocation.type): allocation for allocation in in_force}
        changes = [
            Change(tasks[wish.task_id], wish, force.get((wish.task_id, wish.type)))
            for wish in overlaid(force, step.wishes)
            if wish.task_id in tasks
        ]
        if changes:
            for outcome in self._dispatcher.call("plan_writes", changes=changes, host=self.host):
                for write in outcome.items:
                    log.info("planned, not written: %s", getattr(write, "place", write))

    def _store(self, step: Step) -> None:
        if self._storages is None:
            return
        if self._dispatcher.with_hook("detect") or self._allocates:
            encoded = self._anomaly_log.samples(step.anomalies, step.tasks, self.host.clock.now())
            self._storages.store(joined([encoded, step.findings], self._of_anomalies), "anomalies")
        if self._allocates:
            self._storages.store(Samples(), "allocations", again=step.findings)
        step.samples.steady = step.steady
        self._storages.store(step.samples, "metrics")

    def _starting(self) -> list[Binding]:
        """Storages last: whoever adds to the common labels has done so when they take them."""
        started = self._dispatcher.with_hook("start")
        return sorted(started, key=lambda binding: "store" in hooks_of(type(binding.plugin)))

    def _stop_plugins(self, bindings: Sequence[Binding]) -> None:
        for binding in reversed(bindings):
            if "stop" in self._dispatcher.hooks(binding):
                self._dispatcher.call_one(binding, "stop")
