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

    A task exists on v1 if its cgroup is in the trees of cpu, cpuacct and memory, on v2 if its
    `cgroup.controllers` lists cpu and memory. One that does not is passed over, and told when that changes.
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
    _missing: set[str] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        for path in (*self.tasks, *([self.directory] if self.directory else ())):
            if ".." in path.split("/") or not path.strip("/"):
                raise ConfigurationError(f"tasks: {path!r} is no path of a cgroup below the root")

    @hookimpl
    def discover_tasks(self, host: Host) -> Iterator[Task]:
        names = [*self.tasks, *self._entries(host)]
        made = self._made
        for name in dict.fromkeys(names):
            if self._exists(host, name):
                task = made.get(name)
                if task is None:
                    task = made[name] = self._task(name)
                yield task
        if len(made) > 2 * len(names):
            self._made = {name: made[name] for name in names if name in made}
            self._missing &= set(names)

    def _task(self, name: str) -> Task:
        return Task(
            task_id=name,
            name=name,
            cgroup_path="/" + name.strip("/"),
            labels={**self.default_labels, **(self.tasks_labels or {}).get(name, {})},
            resources=dict(self.default_resources),
        )

    def _entries(self, host: Host) -> list[str]:
        """The sub-directories of `directory`; none while it does not exist."""
        if self.directory is None:
            return []
        base = self.directory.strip("/")
        for controller in ("memory", "cpu"):
            path = host.cgroup_directory(controller, f"/{base}")
            if path is not None and os.path.isdir(path):
                with os.scandir(path) as entries:
                    return sorted(f"{base}/{entry.name}" for entry in entries if entry.is_dir(follow_symlinks=False))
        return []

    def _exists(self, host: Host, name: str) -> bool:
        lack = _lack(host, "/" + name.strip("/"), self.require_pids)
        if lack is None:
            self._missing.discard(name)
        elif name not in self._missing:
            self._missing.add(name)
            log.warning("task %s is passed over: %s", name, lack)
        return lack is None


def _lack(host: Host, path: str, require_pids: bool) -> str | None:
    """Why the cgroup is no task; None if it is one."""
    hierarchies = host.hierarchies
    directories = []
    if hierarchies.v1:
        for controller in NEEDED_V1:
            directory = host.cgroup_directory(controller, path)
            if directory is None or not os.path.isdir(directory):
                return f"controller {controller} has no cgroup {path}"
            directories.append(directory)
    elif hierarchies.unified is not None:
        directory = hierarchies.unified.at(path)
        missing = NEEDED_V2 - _enabled(directory)
        if missing:
            return f"cgroup {path} does not exist or lacks the controllers {', '.join(sorted(missing))}"
        directories.append(directory)
    if require_pids and not any(map(_has_processes, directories)):
        return f"cgroup {path} has no process"
    return None


def _enabled(directory: str) -> frozenset[str]:
    try:
        return frozenset(read_file(f"{directory}/cgroup.controllers").decode().split())
    except OSError:
        return frozenset()


def _has_processes(directory: str) -> bool:
    try:
        return bool(read_file(f"{directory}/cgroup.procs").strip())
    except OSError:
        return False
