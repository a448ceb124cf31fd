"""Feeds recorded steps to plugins as an agent would, and writes nothing. Read `Replay.step` from top to bottom."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wca_core.dispatch import Binding, Dispatcher, Outcome
from wca_core.enforcement.bounds import Surroundings
from wca_core.enforcement.target import by_place
from wca_core.errors import StartError
from wca_core.gathering import Concatenation, joined
from wca_core.model.allocation import Allocation
from wca_core.model.anomaly import Anomaly
from wca_core.model.course import Course
from wca_core.model.histories import longest_of
from wca_core.model.metric import Samples
from wca_core.model.snapshot import Snapshot
from wca_core.model.task import Task
from wca_record.replaying.cast import Cast
from wca_record.replaying.failures import Failures
from wca_record.replaying.feedback import Feedback
from wca_record.replaying.host import RecordedHost
from wca_record.replaying.judging import Judging, Outputs, Scene
from wca_record.replaying.result import Finding, ReplayedStep, Wish

if TYPE_CHECKING:
    from wca_record.step import RecordedStep

log = logging.getLogger("wca.replay")

MEMORY_OF_NODE = "platform_mem_total_bytes"
MEMORY_OF_TASK = "task_mem_usage_bytes"


class Replay:
    """All plugins of one replay. Raises `PluginError` if one cannot be accepted."""

    def __init__(self, cast: Cast, host: RecordedHost) -> None:
        called = cast.called
        self.host = host
        self._dispatcher = Dispatcher(called, host.statistics)
        self._course = Course(longest_of((one.name, one.plugin) for one in called), cast.task_classes)
        self._judging = Judging(cast.settings)
        self._feedback = Feedback() if cast.feeds_back else None
        self._failures = Failures(host.statistics)
        self._of_derived, self._of_given = Concatenation(), Concatenation()
        self._tasks: Sequence[Task] | None = None
        self._also_known: Sequence[str] = ()
        self._seen: Mapping[str, Task] = {}
        self._started: list[Binding] = []
        self._first: float | None = None
        self._number = 0

    def start(self, recorded: RecordedStep) -> None:
        """Start every plugin, at the time of a step. Raises `StartError` for the first that refuses."""
        self._look_at(recorded)
        for binding in self._dispatcher.with_hook("requirements"):
            log.debug("what %s needs of a machine is not asked for: nothing is measured", binding.name)
        for binding in self._dispatcher.bindings:
            self._started.append(binding)
            if "start" not in self._dispatcher.hooks(binding):
                continue
            error = self._dispatcher.start_one(binding, self.host)
            if error is not None:
                raise StartError(f"{binding.name} cannot start in a replay: {error}") from error

    def stop(self) -> None:
        """Stop every plugin that was started, whatever happens."""
        for binding in reversed(self._started):
            if "stop" in self._dispatcher.hooks(binding):
                self._dispatcher.call_one(binding, "stop")
        self._started.clear()

    def skip(self) -> None:
        """Pass over a step that nobody shall see."""
        self._number += 1

    def step(self, recorded: RecordedStep) -> ReplayedStep:
        """One step. Raises nothing because of a plugin."""
        self._look_at(recorded)
        self._number += 1
        seconds = self.seconds_of(recorded)
        with self._failures.listening(f"step {self._number}, {seconds:.3f} s"):
            derived, snapshot = self._derived(self._snapshot(recorded))
            found, detections = self._called("detect", recorded, snapshot=snapshot)
            findings = _findings(detections)
            anomalies = tuple(finding.anomaly for finding in findings)
            given, outcomes = self._called("allocate", recorded, snapshot=snapshot, anomalies=anomalies)
            wishes = self._judged(outcomes, snapshot)
            findings += _findings(outcomes)
            failures = self._failures.new(self._dispatcher, seconds)
        if self._feedback is not None:
            self._feedback.granted(wishes)
        self.host.statistics.iterations += 1
        return ReplayedStep(
            number=self._number,
            now=recorded.now,
            seconds=seconds,
            tasks=recorded.tasks,
            findings=findings,
            wishes=wishes,
            samples=joined([derived, found, given], self._of_given),
            failures=failures,
        )

    def seconds_of(self, recorded: RecordedStep) -> float:
        """Since the first step that was asked about [seconds]."""
        steady = steady_of(recorded)
        if self._first is None:
            self._first = steady
        return steady - self._first

    def _look_at(self, recorded: RecordedStep) -> None:
        host = self.host
        host.clock.time, host.clock.steady = recorded.now, steady_of(recorded)
        host.recorded_platform = recorded.platform
        if recorded.tasks is not self._tasks or recorded.also_known != self._also_known:
            self._tasks, self._also_known = recorded.tasks, recorded.also_known
            known = {task.task_id: task for task in recorded.tasks}
            known |= {one: self._seen[one] for one in recorded.also_known if one in self._seen}
            self._seen = known
            if host.known_tasks != known:
                host.known_tasks = known

    def _snapshot(self, recorded: RecordedStep) -> Snapshot:
        measured = Snapshot(
            now=recorded.now,
            steady=recorded.steady,
            tasks=recorded.tasks,
            samples=recorded.samples,
            platform=recorded.platform,
            allocations=recorded.allocations if self._feedback is None else self._feedback.over(recorded),
        )
        return self._course.follow(measured, self.host.known_tasks)

    def _derived(self, snapshot: Snapshot) -> tuple[Samples, Snapshot]:
        """What is computed of this step, and the step with it; the very same if there is nothing."""
        derived, _ = self._dispatcher.collect("derive_metrics", snapshot=snapshot)
        if not derived.series:
            return derived, snapshot
        samples = joined([snapshot.samples, derived], self._of_derived)
        return derived, self._course.derive(samples, self.host.known_tasks)

    def _called(self, hook: str, recorded: RecordedStep, **arguments: object) -> tuple[Samples, list[Outcome[Any]]]:
        """Nobody where no discoverer answered: so does an agent."""
        return self._dispatcher.collect(hook, **arguments) if recorded.is_discovered else (Samples(), [])

    def _judged(self, outcomes: Sequence[Outcome[Any]], snapshot: Snapshot) -> Sequence[Wish]:
        outputs: Outputs = [(outcome.binding.name, _wishes_of(outcome)) for outcome in outcomes]
        if not outputs:
            return ()
        surroundings = Surroundings(
            online_cpus=snapshot.platform.online_cpus if snapshot.platform else (),
            memory=lambda: snapshot.value(MEMORY_OF_NODE),
            memory_usage=lambda task: snapshot.value(MEMORY_OF_TASK, task),
        )
        return self._judging.judged(outputs, Scene(self.host.known_tasks, by_place(snapshot.allocations), surroundings))


def steady_of(recorded: RecordedStep) -> float:
    """Seconds on the clock that does not jump, as far as it was recorded."""
    return recorded.now if recorded.steady is None else recorded.steady


def _findings(outcomes: Sequence[Outcome[Any]]) -> list[Finding]:
    return [
        Finding(outcome.binding.name, item)
        for outcome in outcomes
        for item in outcome.items
        if isinstance(item, Anomaly)
    ]


def _wishes_of(outcome: Outcome[object]) -> list[Allocation]:
    """None if anything in the output is of a wrong type, which is told already: so does an agent."""
    if not all(isinstance(item, Allocation | Anomaly) for item in outcome.items):
        return []
    return [_as_it_is_now(item) for item in outcome.items if isinstance(item, Allocation)]


def _as_it_is_now(wish: Allocation) -> Allocation:
    """A list may go on changing in the allocator's hands."""
    value = wish.value
    if not isinstance(value, list | set):
        return wish
    return Allocation(wish.task_id, wish.type, tuple(value) if isinstance(value, list) else frozenset(value))
