"""What runs on this host by itself: containers, services, and other cgroups that hold processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from wca_core.builtin.local.choice import tasks_in
from wca_core.builtin.local.descriptions import Descriptions
from wca_core.builtin.local.lookup import Directories, Lookup
from wca_core.builtin.local.occupancy import Occupancy
from wca_core.builtin.local.selection import Patterns, Selection
from wca_core.builtin.local.tree import Cgroup, CgroupTree
from wca_core.config.field_types import Between, Path, Str
from wca_core.host import Host
from wca_core.linux.cgroup import Hierarchies
from wca_core.model.requirement import Requirement
from wca_core.model.task import Task
from wca_core.plugin_api import hookimpl, plugin

CONTROLLERS = ("memory", "cpuacct", "cpu")
"""A cgroup with any of these can be measured."""


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class LocalNode:
    """The containers and services of this host, and other cgroups that hold processes; if there is none, the host.

    What is inside a container or service belongs to it: containers in containers, workers of a service. Where a service
    keeps containers in its own cgroup, those are the tasks.
    """

    tells_its_lacks = True

    include: list[Str] = field(default_factory=list)
    """Only tasks that match one of these: shell patterns (`*`, `?`, `[a-z]`; `*` also stands for `/`, case counts) for
    the whole name or the whole path of the cgroup, which begins with `/`. Without patterns: all."""
    exclude: list[Str] = field(default_factory=list)
    """No tasks that match one of these patterns, whatever `include` says."""
    max_tasks: Annotated[int, Between(1)] = 1000
    """Where more are found, containers go first, then services, in the order of their paths."""
    sandboxes: bool = False
    """Whether containers that only keep the namespaces of a pod are tasks too (gVisor runs the whole pod in them)."""
    docker_directories: list[Path] = field(
        default_factory=lambda: ["/var/lib/docker", "/var/snap/docker/common/var-lib-docker"]
    )
    """Data directories of Docker (`data-root`), for names and images."""
    storage_directories: list[Path] = field(default_factory=lambda: ["/var/lib/containers/storage"])
    """Of Podman and CRI-O (`graphroot`)."""
    containerd_directories: list[Path] = field(
        default_factory=lambda: ["/run/containerd", "/run/k3s/containerd", "/run/docker/containerd/daemon"]
    )
    """State directories of containerd (`state`)."""
    runtime_directories: list[Path] = field(default_factory=lambda: ["/run/runc", "/run/crun"])
    """Of containers started with runc or crun without an engine (`--root`)."""

    _search: _Search | None = field(default=None, init=False, repr=False)
    _selection: Selection = field(init=False, repr=False)
    _tasks: list[Task] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        patterns = Patterns("include", self.include), Patterns("exclude", self.exclude)
        self._selection = Selection(*patterns, self.max_tasks, sandboxes=self.sandboxes)

    @hookimpl
    def discover_tasks(self, host: Host) -> list[Task]:
        search = self._search
        if search is None or search.hierarchies is not host.hierarchies:
            search = self._search = _Search(host, self._directories)
        if search.look():
            self._tasks = self._selection.of(search.found)
        return self._tasks

    @hookimpl
    def requirements(self) -> list[Requirement]:
        from wca_core.builtin.local.needs import readable_engines  # what it looks at is not needed to start

        return [readable_engines(self._directories)]

    @property
    def _directories(self) -> Directories:
        return Directories(
            docker=self.docker_directories,
            storage=self.storage_directories,
            containerd=self.containerd_directories,
            runtimes=self.runtime_directories,
        )


class _Search:
    """What is found on one machine, step after step."""

    def __init__(self, host: Host, directories: Directories) -> None:
        self.hierarchies: Hierarchies = host.hierarchies
        trees = filter(None, map(self.hierarchies.tree, CONTROLLERS))
        self._tree = CgroupTree(dict.fromkeys(tree.at("/") for tree in trees))
        self._occupancy = Occupancy()
        self._descriptions = Descriptions(Lookup(host, directories))
        self._cgroups: list[Cgroup] = []
        self.found = self._descriptions.of(())

    def look(self) -> bool:
        """Whether what is found may have changed. Raises `HostError` if the hierarchies are not there any more."""
        is_changed = self._tree.look()
        is_changed |= self._occupancy.look_again()
        if is_changed:
            self._occupancy.forget_questions()
            self._cgroups = tasks_in(self._tree.root, self._occupancy.runs)
            self._occupancy.settle()
        is_changed |= self._descriptions.look_again()
        if is_changed:
            self.found = self._descriptions.of(self._cgroups)
        return is_changed
