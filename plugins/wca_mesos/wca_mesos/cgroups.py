"""In which cgroup the process of a container is: `/proc/PID/cgroup`, cgroups(7).

| the file | the cgroup |
|---|---|
| has a line with the controller cpu | its path (v1) |
| has no such line, but `0::PATH` | that path; of `.../leaf` the one above, which has the limits (Mesos on v2) |
| the path is `/` | none: no isolator, it just starts, or cgroups this does not know |
| has neither line | none |
| the path has `..` in it | none: the process is in another cgroup namespace than this one |
| is not there, or the path ends with ` (deleted)` | none: the process has ended |
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from wca_core.errors import HostError
from wca_core.host import Host
from wca_core.linux.cgroup import parse_process_cgroups
from wca_core.linux.files import is_gone, read_file
from wca_core.linux.sysfs import read_attribute
from wca_mesos.state import Container

log = logging.getLogger("wca.mesos")

LEAF = "/leaf"
"""The cgroup that on v2 holds the processes of a container: one that holds any may have no others in it."""
USED_BY = {"memory": ("cgroup",), "perf_event": ("perf",), "cpuset": ("cgroup-control", "numa")}
"""Controllers that tasks should have too, each with the plugins that need it."""
ISOLATORS = {"memory": "cgroups/mem", "perf_event": "cgroups/perf_event", "cpuset": "cgroups/cpuset"}
UNLIMITED = {"cpu.max": "max", "cpu.weight": "100", "memory.max": "max", "memory.low": "0"}
"""Files of v2 and how they begin where nothing is limited."""


class UnknownCgroup(HostError):  # noqa: N818  what happened, not a mistake
    """A process is in no cgroup that could be its container's; `has_ended`: because there is no process any more."""

    def __init__(self, message: str, *, has_ended: bool = False) -> None:
        super().__init__(message)
        self.has_ended = has_ended


def cgroup_of(text: str) -> str:
    """The cgroup that a `/proc/PID/cgroup` tells. Raises `UnknownCgroup`."""
    paths = parse_process_cgroups(text)
    if "cpu" not in paths and "" not in paths:
        raise UnknownCgroup("its process is neither in a cgroup of the controller cpu nor in one of v2")
    path = paths["cpu"] if "cpu" in paths else paths[""].removesuffix(LEAF) or "/"
    if path.endswith(" (deleted)"):
        raise UnknownCgroup("its cgroup was removed", has_ended=True)
    if ".." in path.split("/") or not path.startswith("/"):
        raise UnknownCgroup(
            f"its process is at {path!r:.200}: this agent is in a cgroup namespace of its own "
            "(run it in that of the host: cgroupns=host)"
        )
    if path == "/":
        raise UnknownCgroup(
            "its process is in the root cgroup: the Mesos agent has no isolator (--isolation=cgroups/cpu,cgroups/mem), "
            "or it has just begun to start the container"
        )
    return path


def start_time(stat: str) -> int:
    """When a process started [clock ticks since boot], of its `/proc/PID/stat`. Raises `ValueError`."""
    fields = stat.rpartition(")")[2].split()
    if len(fields) < 20:
        raise ValueError(f"a line as in proc_pid_stat(5) expected, found {stat!r:.80}")
    return int(fields[19])


def has_limits(host: Host, path: str) -> bool:
    """Whether a cgroup limits anything: on v1 it is there for that, on v2 there is one for every container.

    One whose files cannot be read is taken for one without limits.
    """
    unified = host.hierarchies.unified
    if host.hierarchies.is_v1("cpu") or unified is None:
        return True
    directory = unified.at(path)
    try:
        return any(
            (read_attribute(f"{directory}/{name}") or free).split()[0] != free for name, free in UNLIMITED.items()
        )
    except HostError:
        return False


@dataclass(frozen=True, slots=True)
class _Seen:
    """Where a process was, and when it had started."""

    pid: int
    started: int
    path: str


@dataclass(eq=False, slots=True)
class CgroupLookup:
    """Finds the cgroups of containers step after step."""

    _seen: dict[Container, _Seen] = field(default_factory=dict)
    _missing: set[str] = field(default_factory=set)

    def find(
        self, host: Host, containers: Iterable[tuple[Container, int]]
    ) -> tuple[dict[int, str], dict[tuple[Container, int], UnknownCgroup]]:
        """Of containers and their pids: cgroups by pid, and why there is none."""
        pids = dict.fromkeys(containers)
        paths, errors = {}, {}
        for container, pid in pids:
            try:
                paths[pid] = self._path(host, container, pid)
            except UnknownCgroup as error:
                errors[container, pid] = error
        known = {container for container, _ in pids}
        self._seen = {container: seen for container, seen in self._seen.items() if container in known}
        return paths, errors

    def _path(self, host: Host, container: Container, pid: int) -> str:
        """Raises `UnknownCgroup`, also for a process that took the place of the container's."""
        path = cgroup_of(_read(host, pid, "cgroup"))
        seen = self._seen.get(container)
        if seen is not None and (seen.pid, seen.path) == (pid, path):
            return path
        started = _start_time(host, pid)
        if seen is not None and seen.pid == pid and seen.started != started:
            raise UnknownCgroup(f"its process has ended, and {pid} is now another one, in {path}")
        self._seen[container] = _Seen(pid, started, path)
        self._tell_lacks(host, path)
        return path

    def _tell_lacks(self, host: Host, path: str) -> None:
        """Once for each controller of v1 that somebody needs and this task is not in."""
        if not _is_there(host, "cpu", path):
            return  # it has just ended
        for controller, plugins in USED_BY.items():
            is_needed = any(plugin in host.statistics.plugins for plugin in plugins)
            if not is_needed or controller in self._missing or not host.hierarchies.is_v1(controller):
                continue
            if not _is_there(host, controller, path):
                self._missing.add(controller)
                isolator = ISOLATORS[controller]
                log.warning("no cgroup %s in the tree of %s (isolator %s of Mesos)", path, controller, isolator)


def _is_there(host: Host, controller: str, path: str) -> bool:
    return os.path.isdir(host.cgroup_directory(controller, path) or "")


def _start_time(host: Host, pid: int) -> int:
    try:
        return start_time(_read(host, pid, "stat"))
    except ValueError as error:
        raise UnknownCgroup(f"{host.proc}/{pid}/stat: {error}") from error


def _read(host: Host, pid: int, name: str) -> str:
    """A file of a process. Raises `UnknownCgroup`."""
    path = f"{host.proc}/{pid}/{name}"
    try:
        return read_file(path).decode(errors="replace")
    except OSError as error:
        raise UnknownCgroup(f"{path}: {error.strerror}", has_ended=is_gone(error)) from error
