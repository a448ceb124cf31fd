"""What tests allocate to: a folder for each task with a file for each type, and a plugin that changes them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wca_core.enforcement.ids import canonical, ids_of
from wca_core.enforcement.tolerance import is_same_number
from wca_core.file_write import FileWrite
from wca_core.host import Host
from wca_core.model.allocation import Allocation, AllocationType, Refusal
from wca_core.model.task import Task
from wca_core.model.write import Change
from wca_core.plugin_api import hookimpl, plugin

SETS = (AllocationType.CPUSET_CPUS, AllocationType.CPUSET_MEMS)
TYPES = (AllocationType.CPU_QUOTA, AllocationType.CPU_SHARES, AllocationType.MIGRATE_PAGES, *SETS)


@plugin(api=1)
@dataclass(eq=False)
class FileControl:
    """Reads, checks and plans: `ROOT/TASK/cpu_quota` holds the quota. CPUs 0 to 7 are there."""

    root: Path
    failing: set[str] = field(default_factory=set)
    """Hooks that raise."""
    repeats: bool = False
    """Gives the very same object for a value that did not change."""
    known: dict[tuple[str, AllocationType], Allocation] = field(default_factory=dict)
    asked: list[Sequence[Change]] = field(default_factory=list)

    @hookimpl
    def start(self, host: Host) -> None:
        host.writable_roots.append(str(self.root))

    @hookimpl
    def read_allocations(self, tasks: Sequence[Task]) -> Iterator[Allocation]:
        self._fail("read_allocations")
        for task in tasks:
            for kind in TYPES:
                path = self.path(task.task_id, kind)
                if path.is_file() and kind is not AllocationType.MIGRATE_PAGES:
                    text = path.read_text().strip()
                    yield self.unchanged(Allocation(task.task_id, kind, text if kind in SETS else float(text)))

    @hookimpl
    def check_allocations(self, changes: Sequence[Change], host: Host) -> Iterator[Allocation | Refusal]:
        self._fail("check_allocations")
        self.asked.append(changes)
        for change in changes:
            wanted, old = change.wanted, change.in_force
            if wanted.type in SETS:
                ids = ids_of(wanted.value)
                if not ids <= set(range(8)):
                    yield Refusal(wanted.task_id, wanted.type, f"CPUs 0 to 7 are there, found {wanted.value}")
                elif old is not None and ids == ids_of(old.value):
                    yield old
                else:
                    yield Allocation(wanted.task_id, wanted.type, canonical(ids))
            elif wanted.type in TYPES:
                assert isinstance(wanted.value, int | float)
                is_same = old is not None and is_same_number(wanted.value, float(str(old.value)))
                yield old if is_same and old is not None else wanted

    @hookimpl
    def plan_writes(self, changes: Sequence[Change], host: Host) -> Iterator[FileWrite]:
        self._fail("plan_writes")
        for change in changes:
            path = self.path(change.task.task_id, change.wanted.type)
            yield FileWrite(str(path), f"{change.wanted.value}\n".encode(), change=change)

    def unchanged(self, found: Allocation) -> Allocation:
        place = found.task_id, found.type
        if not self.repeats or self.known.get(place) != found:
            self.known[place] = found
        return self.known[place]

    def path(self, task_id: str, kind: AllocationType) -> Path:
        return self.root / task_id.strip("/") / str(kind)

    def put(self, task_id: str, **values: object) -> None:
        """What a task has, by type."""
        for kind, value in values.items():
            path = self.path(task_id, AllocationType(kind))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{value}\n")

    def get(self, task_id: str, kind: str) -> str:
        return self.path(task_id, AllocationType(kind)).read_text().strip()

    def _fail(self, hook: str) -> None:
        if hook in self.failing:
            raise RuntimeError(f"{hook} fails")


@plugin(api=1)
@dataclass(eq=False)
class Wishing:
    """An allocator that wishes what it is told."""

    wishes: list[object] = field(default_factory=list)
    error: Exception | None = None

    @hookimpl
    def allocate(self) -> Sequence[object]:
        if self.error is not None:
            raise self.error
        return list(self.wishes)


def wish(task_id: str, kind: str, value: object) -> Allocation:
    return Allocation(task_id, AllocationType(kind), value)
