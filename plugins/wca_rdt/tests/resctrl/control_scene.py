"""An agent that allocates in a mounted resctrl, emulated or the kernel's, to real programs in real cgroups."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Self

from wca_rdt.resctrl.collector import Rdt
from wca_rdt.resctrl.control.schemata import parse_schemata

from plugins.wca_rdt.tests.resctrl.given import threads
from plugins.wca_rdt.tests.resctrl.scene import Scene, task_of
from tests.cgroups import Cgroup
from wca_core.agent import Agent
from wca_core.allocation_configuration import AllocationConfiguration
from wca_core.host import Host
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.rdt_allocation import RDTAllocation
from wca_core.model.task import Task
from wca_core.model.write import Change, Record, Write
from wca_core.plugin_api import hookimpl, plugin
from wca_core.settings import AllocationSettings
from wca_core.testing import GivenTasks, Measured, running, whole_binding


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Wishing:
    """An allocator that wishes what it is told."""

    wishes: list[Allocation] = field(default_factory=list)
    always: list[Allocation] = field(default_factory=list)

    @hookimpl
    def allocate(self) -> list[Allocation]:
        return [*self.wishes, *self.always]


@dataclass(frozen=True, slots=True)
class Strike:
    """A write that ends its task, or fails."""

    kind: ClassVar[str] = "file"
    reversible: ClassVar[bool] = True
    gives: ClassVar[bool] = False

    change: Change
    ends: Cgroup | None
    place: str = "/sys/fs/cgroup/strike"

    def read(self) -> bytes:
        return b"as before"

    def do(self) -> None:
        if self.ends is None:
            raise OSError(errno.EIO, "struck")
        self.ends.remove()

    def undo(self, old: bytes) -> None:
        """There is nothing to undo."""

    def verify(self, read_back: bytes) -> bool:
        return self.ends is not None and not self.ends.directories[0].exists()

    def record(self) -> Record:
        return {"place": self.place}

    @classmethod
    def from_record(cls, record: Record) -> Self | None:
        return None


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Spoiler:
    """Controls `memory_low` of one task: before or after all else it ends the task, or fails."""

    task_id: str
    ends: Cgroup | None = None
    strikes_last: bool = False
    was_asked: bool = False

    @property
    def wish(self) -> Allocation:
        return Allocation(self.task_id, AllocationType.MEMORY_LOW, 4096)

    @hookimpl
    def check_allocations(self, changes: Sequence[Change]) -> list[Allocation]:
        return [change.wanted for change in changes if change.wanted.type is AllocationType.MEMORY_LOW]

    @hookimpl
    def plan_writes(self, changes: Sequence[Change]) -> list[Strike]:
        self.was_asked = True
        return [Strike(change, self.ends) for change in changes]


@dataclass(frozen=True, slots=True)
class Troubled:
    """A write of the plugin that is refused, before or after its effect."""

    write: Write
    owner: Unreliable

    def __getattr__(self, name: str) -> object:
        return getattr(self.write, name)

    def do(self) -> None:
        number, self.owner.tried = self.owner.tried, self.owner.tried + 1
        is_refused = number == self.owner.fails_at
        if not is_refused or self.owner.is_late:
            self.write.do()
        if is_refused:
            raise OSError(errno.EIO, "struck")


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Unreliable(Rdt):
    """One write of each step fails, by its number."""

    fails_at: int | None = None
    is_late: bool = False
    tried: int = 0

    @hookimpl
    def plan_writes(self, changes: Sequence[Change]) -> Iterator[Write]:
        self.tried = 0
        for write in super().plan_writes(changes):
            yield Troubled(write, self)  # type: ignore[misc]


@dataclass(eq=False)
class Allocating:
    """An agent that steps when it is told what to wish."""

    agent: Agent
    wishing: Wishing
    given: GivenTasks

    def step(self) -> Measured:
        """The same wishes again; counted, as the agent's loop does: what failed waits some steps."""
        measured = Measured(self.agent.step(), self.agent.host.statistics)
        self.agent.host.statistics.iterations += 1
        return measured

    def wish(self, *wishes: tuple[Cgroup, RDTAllocation]) -> Measured:
        """One step with these wishes only."""
        self.wishing.wishes = [Allocation(cgroup.path, AllocationType.RDT, value) for cgroup, value in wishes]
        return self.step()

    def forget(self, cgroup: Cgroup) -> None:
        """The task is gone."""
        self.given.tasks = [task for task in self.given.tasks if task.task_id != cgroup.path]


@dataclass(eq=False)
class ControlScene(Scene):
    """What a test of allocating starts from."""

    folder: Path = field(default_factory=Path)

    @property
    def journal(self) -> Path:
        return self.folder / "journal"

    @contextmanager
    def allocating(
        self,
        *cgroups: Cgroup,
        settings: Mapping[str, object] | None = None,
        configuration: Mapping[str, str] | None = None,
        plugins: Sequence[Spoiler] = (),
        rdt_plugin: Rdt | None = None,
        **options: object,
    ) -> Iterator[Allocating]:
        """`settings`: of allocation; `configuration`: of an AllocationConfiguration; `options`: of the plugin."""
        given, wishing = GivenTasks(tasks=[task_of(cgroup) for cgroup in cgroups]), Wishing()
        wishing.always = [one.wish for one in plugins]
        early, late = [one for one in plugins if not one.strikes_last], [one for one in plugins if one.strikes_last]
        host = Host(allocation_configuration=AllocationConfiguration(**(configuration or {})))  # type: ignore[arg-type]
        fields = {"resctrl_path": str(self.mount.path), "rdt_enabled": True, **options}
        allocation = AllocationSettings(**{"restore_state_file": str(self.journal), **(settings or {})})  # type: ignore[arg-type]
        control = rdt_plugin or Rdt(**fields)  # type: ignore[arg-type]
        with running(host, [given, *early, control, *late, wishing], allocation=allocation) as agent:
            yield Allocating(agent, wishing, given)

    def schemata(self, control: str = "") -> dict[str, dict[int, int]]:
        """What a control group may use, by the kernel."""
        return parse_schemata((self.mount.path / control / "schemata").read_text())

    def inside(self, control: str) -> set[int]:
        """The threads in a control group."""
        return threads(self.mount.path / control)

    def controls(self) -> set[str]:
        """All control groups but the root."""
        return {name for name in self.groups() if "mon_groups" not in name}


@dataclass
class Before:
    """All that RDT control may change, byte for byte, and who is where."""

    scene: ControlScene
    schemata: dict[str, bytes] = field(init=False)
    inside: dict[str, set[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.schemata, self.inside = self._schemata(), self._inside()

    def is_back(self) -> bool:
        return (self.schemata, self.inside) == (self._schemata(), self._inside())

    def _schemata(self) -> dict[str, bytes]:
        controls = ["", *self.scene.controls()]
        return {control: (self.scene.mount.path / control / "schemata").read_bytes() for control in controls}

    def _inside(self) -> dict[str, set[int]]:
        return {control: self.scene.inside(control) for control in self.scene.controls()}


@contextmanager
def planner_only(scene: ControlScene, *tasks: Task) -> Iterator[Allocating]:
    """The plugin is there only because somebody allocates: it is not asked to measure."""
    given, wishing = GivenTasks(tasks=list(tasks)), Wishing()
    planner = Rdt(resctrl_path=str(scene.mount.path), rdt_enabled=True)
    bindings = [whole_binding(given), replace(whole_binding(planner), hooks=frozenset()), whole_binding(wishing)]
    agent = Agent(bindings, Host(), None, AllocationSettings(restore_state_file=str(scene.journal)))
    agent.start()
    try:
        yield Allocating(agent, wishing, given)
    finally:
        agent.stop()


def rdt(name: str | None = None, l3: str | None = None, mb: str | None = None, **lines: str) -> RDTAllocation:
    """An allocation; lines without their prefix."""
    return RDTAllocation(name, l3 and f"L3:{l3}", mb and f"MB:{mb}", **lines)
