"""The last third of a step in order, and the samples of the result."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from wca_core.allocating.asking import Asking, Output
from wca_core.allocating.deciding import Deciding, Scene
from wca_core.allocating.keeping import Keeping
from wca_core.allocating.making import Made, Making
from wca_core.allocation_metrics import IN_FORCE, PLANNED, AllocationCounts, AllocationSamples
from wca_core.dispatch import Dispatcher
from wca_core.enforcement.bounds import Surroundings
from wca_core.enforcement.merging import Place
from wca_core.enforcement.target import by_place, overlaid
from wca_core.errors import HostError
from wca_core.gathering import Concatenation, joined
from wca_core.host import Host
from wca_core.linux.procfs import read_meminfo
from wca_core.model.allocation import Allocation
from wca_core.model.anomaly import Anomaly
from wca_core.model.metric import Samples
from wca_core.model.snapshot import Snapshot
from wca_core.model.task import Task
from wca_core.settings import AllocationSettings

MEMORY_USAGE = "task_mem_usage_bytes"


class Enforcing:
    """Allocates, step after step."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        host: Host,
        settings: AllocationSettings | None = None,
        default_journal: str | None = None,
    ) -> None:
        self._settings = settings or AllocationSettings()
        self._dispatcher = dispatcher
        self._host = host
        self._counts = AllocationCounts()
        parts = dispatcher, host, self._settings, self._counts
        self._asking, self._deciding, self._making = Asking(*parts), Deciding(*parts), Making(*parts)
        self.keeping = Keeping(host, self._settings, default_journal)
        self._tasks: Sequence[Task] = ()
        self._in_force: dict[Place, Allocation] = {}
        self._made = Made()
        self._of_target, self._of_plan = AllocationSamples(IN_FORCE), AllocationSamples(PLANNED)
        self._concatenation = Concatenation()

    def in_force(self, tasks: Sequence[Task]) -> list[Allocation]:
        """What these tasks have now; of several that tell of one thing the first."""
        items: list[Allocation] = []
        for outcome in self._dispatcher.call("read_allocations", tasks=tasks, host=self._host):
            read = [item for item in outcome.items if isinstance(item, Allocation)]
            if len(read) < len(outcome.items):
                message = "gave what is no Allocation; that is left out"
                self._dispatcher.fault(outcome.binding, "read_allocations", message)
            items += read
        self._tasks, self._in_force, self._made = tasks, by_place(items), Made()
        self._counts.types.update({kind for _, kind in self._in_force})
        return list(self._in_force.values())

    def allocate(self, snapshot: Snapshot, anomalies: Sequence[Anomaly], stale: Collection[str]) -> Output:
        """Ask, decide and write. `stale`: the ids of tasks that keep what they have. Never raises."""
        output = self._asking.output(snapshot, anomalies)
        wishes = self._deciding.wishes(output)
        self._counts.types.update({kind for _, kind in wishes})
        tasks = {task.task_id: task for task in self._tasks if task.task_id not in stale}
        around = self._tasks, snapshot.platform, stale
        scene = Scene(tasks, self._host.known_tasks.keys(), self._in_force, self._surroundings(snapshot), around)
        again = self._making.reconciling.missing(wishes, tasks, self._host.clock.monotonic())
        decision = self._deciding.decide(wishes, again, scene)
        self._made = self._making.make(decision, self.keeping.transaction)
        return output

    def samples(self) -> Samples:
        """What is in force at the end of this step, what a dry run would have changed, and the counts."""
        tasks = {task.task_id: task for task in self._tasks}
        target = overlaid(self._in_force, self._made.reached)
        parts = [self._of_target.of(target.values(), tasks)]
        if self._settings.dry_run:
            planned = overlaid(self._in_force, self._made.planned)
            parts.append(self._of_plan.of(planned.values(), tasks))
        parts.append(Samples.of(self._counts.samples(self._host.statistics)))
        return joined(parts, self._concatenation)

    def end_if_exhausted(self) -> None:
        """Raises `TooManyFailures`."""
        self._asking.end_if_exhausted()

    def _surroundings(self, snapshot: Snapshot) -> Surroundings:
        return Surroundings(
            online_cpus=snapshot.platform.online_cpus if snapshot.platform else (),
            memory=self._memory,
            memory_usage=lambda task: snapshot.value(MEMORY_USAGE, task),
        )

    def _memory(self) -> float | None:
        try:
            return read_meminfo(self._host.proc, ("MemTotal",)).get("MemTotal")
        except HostError:
            return None
