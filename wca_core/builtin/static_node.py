"""Tasks named in the configuration: each is the cgroup of the same name."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from wca_core.errors import ConfigurationError
from wca_core.host import Host
from wca_core.linux.files import read_file
from wca_core.model.task import Task
from wca_core.plugin_api import hookimpl, plugin

log = logging.getLogger("wca.static")

NEEDED_V1 = ("cpu", "cpuacct", "memory")
NEEDED_V2 = frozenset({"cpu", "memory"})


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class StaticNode:
    """A fixed list of cgroups as tasks, and the sub-directories of one directory.

    A task exists on v1 if its cgroup is in the trees of cpu, cpuacct and memory, on v2 if it has the
    controllers cpu and memory. One that does not is passed over, which is told once until it changes.
    """

    tasks: list[str]
    """Paths below the root of the hierarchy."""
    require_pids: bool = False
    """Pass over cgroups without a process."""
    default_labels: dict[str, str] = field(default_factory=dict)
    default_resources: dict[str, str | float | int] = field(default_factory=dict)
    tasks_labels: dict[str, dict[str, str]] | None = None
    """By task; over the default labels."""
    directory: str | None = None
    """Every sub-directory of this cgroup is a task too, looked up in each step."""

    _made: dict[str, Task] = field(default_factory=dict, init=False, repr=False)
    _there: dict[str, Children] = field(default_factory=dict, init=False, repr=False)
    _missing: set[str] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        for path in (*self.tasks, *([self.directory] if self.directory else ())):
            if ".." in path.split("/") or not path.strip("/"):
                raise ConfigurationError(f"tasks: {path!r} is no path of a cgroup below the root")

    @hookimpl
    def discover_tasks(self, host: Host) -> list[Task]:
        there = {parent: Children(host, parent) for parent in self._parents()}
        if there == self._there and not self.require_pids:
            return list(self._made.values())
        self._there = there
        return list(self._look(there, host))

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


@dataclass(init=False)
class Children:
    """The cgroups directly below one, as all trees that tasks must be in have them.

    On v2 a child has the controllers that its parent passes on, so they are looked up once here.
    """

    parent: str
    _not_passed_on: list[str]
    _by_tree: dict[str, frozenset[str]]

    def __init__(self, host: Host, parent: str) -> None:
        hierarchies = host.hierarchies
        self.parent = parent
        self._not_passed_on = []
        self._by_tree = {}
        if hierarchies.v1:
            for controller in NEEDED_V1:
                directory = host.cgroup_directory(controller, parent)
                self._by_tree[f"the tree of {controller}"] = _directories_in(directory)
        elif hierarchies.unified is not None:
            directory = hierarchies.unified.at(parent)
            self._by_tree["the unified tree"] = _directories_in(directory)
            self._not_passed_on = sorted(NEEDED_V2 - _words(f"{directory}/cgroup.subtree_control"))

    @property
    def names(self) -> frozenset[str]:
        """Those that lack nothing."""
        if self._not_passed_on or not self._by_tree:
            return frozenset()
        return frozenset.intersection(*self._by_tree.values())

    def lack(self, name: str) -> str | None:
        """Why the child is no task; None if it is one."""
        for tree, names in self._by_tree.items():
            if name not in names:
                return f"there is no cgroup {self.parent}/{name} in {tree}"
        if self._not_passed_on:
            words = " ".join(f"+{controller}" for controller in self._not_passed_on)
            return f"controllers are not enabled (echo '{words}' > cgroup.subtree_control of {self.parent or '/'})"
        return None


def has_processes(host: Host, path: str) -> bool:
    """Whether a cgroup holds a process directly, in any tree that tasks must be in."""
    directories = {host.cgroup_directory(controller, path) for controller in NEEDED_V1}
    return any(_words(f"{directory}/cgroup.procs") for directory in directories if directory)


def _absolute(name: str) -> str:
    return "/" + name.strip("/")


def _directories_in(directory: str | None) -> frozenset[str]:
    """The names of all sub-directories; none if there is no such directory."""
    if directory is None:
        return frozenset()
    try:
        with os.scandir(directory) as entries:
            return frozenset([entry.name for entry in entries if entry.is_dir(follow_symlinks=False)])
    except OSError:
        return frozenset()


def _words(file: str) -> frozenset[str]:
    try:
        return frozenset(read_file(file).decode(errors="replace").split())
    except OSError:
        return frozenset()
