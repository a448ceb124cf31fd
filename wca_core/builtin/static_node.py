"""Tasks named in the configuration: each is the cgroup of the same name."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

from wca_core.builtin.static_listing import Children, Listing, has_processes
from wca_core.builtin.static_needs import cgroup_of
from wca_core.config.field_types import Path, Str
from wca_core.errors import ConfigurationError
from wca_core.host import Host
from wca_core.model.requirement import Requirement
from wca_core.model.task import Task
from wca_core.plugin_api import hookimpl, plugin

log = logging.getLogger("wca.static")


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class StaticNode:
    """A fixed list of cgroups as tasks, and the sub-directories of one directory.

    A task exists on v1 if its cgroup is in the trees of cpu, cpuacct and memory, on v2 if it has the
    controllers cpu and memory. One that does not is passed over, which is told once until it changes.
    """

    tells_its_lacks = True
    tasks: list[Str]
    """Paths below the root of the hierarchy."""
    require_pids: bool = False
    """Pass over cgroups without a process."""
    default_labels: dict[Str, Str] = field(default_factory=dict)
    default_resources: dict[Str, Str | float | int] = field(default_factory=dict)
    tasks_labels: dict[str, dict[str, str]] | None = None
    """By task; over the default labels."""
    directory: Path | None = None
    """Every sub-directory of this cgroup is a task too, looked up in each step."""

    _made: dict[str, Task] = field(default_factory=dict, init=False, repr=False)
    _listings: dict[str, Listing] = field(default_factory=dict, init=False, repr=False)
    _tasks: list[Task] = field(default_factory=list, init=False, repr=False)
    _missing: set[str] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        named = [("directory", self.directory), *(("tasks", task) for task in self.tasks)]
        for field_name, path in named:
            if path is not None and (not path.strip("/") or {"", ".", ".."} & {*path.strip("/").split("/")}):
                raise ConfigurationError(f"{field_name}: {path!r} is no path of a cgroup below the root")

    @hookimpl
    def requirements(self) -> list[Requirement]:
        return [cgroup_of(name) for name in dict.fromkeys(self.tasks)]

    @hookimpl
    def discover_tasks(self, host: Host) -> list[Task]:
        listings = {parent: Listing.of(host, parent) for parent in self._parents()}
        if listings != self._listings or self.require_pids:
            self._listings = listings
            known = frozenset(task.cgroup_path for task in self._tasks)
            there = {parent: Children(parent, listing, known) for parent, listing in listings.items()}
            self._tasks = list(self._look(there, host))
        return self._tasks

    def _look(self, there: dict[str, Children], host: Host) -> Iterator[Task]:
        in_directory = there[_absolute(self.directory)].names if self.directory else ()
        names = [*self.tasks, *(f"{self.directory}/{entry}" for entry in sorted(in_directory))]
        before, self._made = self._made, {}
        for name in dict.fromkeys(names):
            parent, _, child = _absolute(name).rpartition("/")
            lack = there[parent].lack(child)
            if lack is None and self.require_pids and not has_processes(host, _absolute(name)):
                lack = "it has no process"
            self._tell(name, lack)
            if lack is None:
                task = self._made[name] = before.get(name) or self._task(name)
                yield task

    def _parents(self) -> set[str]:
        """The cgroups to list: one look at each tells about all tasks in it."""
        parents = {_absolute(name).rpartition("/")[0] for name in self.tasks}
        return parents | ({_absolute(self.directory)} if self.directory else set())

    def _task(self, name: str) -> Task:
        return Task(
            task_id=name,
            name=name,
            cgroup_path=_absolute(name),
            labels={**self.default_labels, **(self.tasks_labels or {}).get(name, {})},
            resources=dict(self.default_resources),
        )

    def _tell(self, name: str, lack: str | None) -> None:
        """Warn once when a task cannot be measured, until that changes."""
        if lack is None:
            self._missing.discard(name)
        elif name not in self._missing:
            self._missing.add(name)
            log.warning("task %s is passed over: %s", name, lack)


def _absolute(name: str) -> str:
    return "/" + name.strip("/")
