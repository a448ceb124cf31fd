"""Tasks named in the configuration: each is the cgroup of the same name."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from wca_core.config.field_types import Path, Str
from wca_core.errors import ConfigurationError
from wca_core.host import Host
from wca_core.linux.files import read_file
from wca_core.model.requirement import Requirement
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
        from wca_core.builtin.static_needs import cgroup_of  # which looks for cgroups with the classes below

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


@dataclass(frozen=True, slots=True)
class Listing:
    """What is in the directories of one cgroup, files and cgroups alike: cheap to get and to compare."""

    by_tree: tuple[tuple[str, str, tuple[str, ...]], ...]
    """The tree in words, the directory, its entries as the kernel orders them."""
    not_passed_on: tuple[str, ...] = ()
    """Controllers that its children do not have; on v2 the parent decides."""

    @classmethod
    def of(cls, host: Host, parent: str) -> Listing:
        hierarchies = host.hierarchies
        if hierarchies.v1:
            directories = [(controller, host.cgroup_directory(controller, parent)) for controller in NEEDED_V1]
            return cls(tuple((f"the tree of {name}", path or "", _entries(path)) for name, path in directories))
        assert hierarchies.unified is not None  # one of the two is there, else there are no hierarchies
        directory = hierarchies.unified.at(parent)
        missing = NEEDED_V2 - _words(f"{directory}/cgroup.subtree_control")
        return cls((("the unified tree", directory, _entries(directory)),), tuple(sorted(missing)))


class Children:
    """The cgroups directly below one, as all trees that tasks must be in have them.

    Those `known` are looked for by name where a listing lacks them: a directory that is listed while others are
    removed from it may leave out one that stands (kernfs goes on from where the removed one was).
    """

    def __init__(self, parent: str, listing: Listing, known: frozenset[str]) -> None:
        names = [path.rpartition("/")[2] for path in known if path.rpartition("/")[0] == parent]
        self.parent = parent
        self._not_passed_on = listing.not_passed_on
        self._by_tree = {
            tree: frozenset(name for name in {*entries, *names} if os.path.isdir(f"{directory}/{name}"))
            for tree, directory, entries in listing.by_tree
        }

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


def _entries(directory: Path | None) -> tuple[str, ...]:
    """The names in a directory; none if it is not there."""
    if directory is None:
        return ()
    try:
        return tuple(os.listdir(directory))
    except OSError:
        return ()


def _words(file: str) -> frozenset[str]:
    try:
        return frozenset(read_file(file).decode(errors="replace").split())
    except OSError:
        return frozenset()
