"""The machine as values: where /proc, /sys and the cgroups are seen, what time it is, what is known about it.

Nothing else in WCA holds a root path or a clock, so the same code measures this machine, one
whose file system is mounted elsewhere, a virtual one, and a fake one made of files.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from wca_core import __version__
from wca_core.errors import HostError
from wca_core.inventory import Inventory
from wca_core.linux.cgroup import Hierarchies, find_hierarchies
from wca_core.linux.files import OpenFiles
from wca_core.model.platform import Platform
from wca_core.model.statistics import Statistics
from wca_core.model.task import Task
from wca_core.processes import ProcessLists

if TYPE_CHECKING:
    from wca_core.allocation_configuration import AllocationConfiguration
    from wca_core.model.task_class import TaskClassRule
    from wca_core.model.write import Writer


class Clock(Protocol):
    """The time, and the passing of it."""

    def now(self) -> float:
        """Unix time [seconds]; may jump."""

    def monotonic(self) -> float:
        """Seconds since some moment; never falls."""


class SystemClock:
    """The clock of the kernel."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass(eq=False, kw_only=True)
class Host:
    """One machine. Raises `HostError` where something is first asked for that the machine does not have."""

    root: str = "/"
    """The directory where the machine's own `/` is seen."""
    name: str = field(default_factory=socket.gethostname)
    extra_labels: Mapping[str, str] = field(default_factory=dict)
    endpoints: list[str] = field(default_factory=list)
    """The URLs at which plugins of this agent can be asked, each added by its plugin when it starts."""
    clock: Clock = field(default_factory=SystemClock)
    open_files: OpenFiles = field(default_factory=OpenFiles)
    statistics: Statistics = field(default_factory=Statistics)
    known_tasks: Mapping[str, Task] = field(default_factory=dict)
    """By task id: every task that is not gone, also those whose discoverer failed in this step."""
    platform_parts: dict[str, object] = field(default_factory=dict)
    """What plugins know about the machine beyond the fields of `Platform`, by name of the plugin: its `parts`."""

    allocation_configuration: AllocationConfiguration | None = None
    """Units, defaults and tolerances of allocations; None: those of `AllocationConfiguration()`."""
    task_classes: Sequence[TaskClassRule] = ()
    """The operator's rules for classes of tasks; `Snapshot.task_class` goes by them."""
    transaction: Writer | None = None
    """By which a plugin makes the writes that it needs when it starts; None: this agent writes nothing."""

    writable_roots: list[str] = field(default_factory=list)
    """Directories below which allocations are written: the cgroup trees, and what a plugin adds when it starts."""

    def path(self, path: str) -> str:
        """Where an absolute path of the machine is seen."""
        return path if self.root == "/" else self.root.rstrip("/") + path

    @property
    def labels(self) -> dict[str, str]:
        """The common labels of every sample: `host`, and what the configuration adds or overrides."""
        return {"host": self.name, **self.extra_labels}

    @property
    def proc(self) -> str:
        return self.path("/proc")

    @property
    def sys(self) -> str:
        return self.path("/sys")

    @cached_property
    def hierarchies(self) -> Hierarchies:
        """The cgroup hierarchies, looked up once."""
        return find_hierarchies(self.root, self.proc)

    def look_again(self) -> None:
        """Forget where the hierarchies are: something was mounted or unmounted."""
        self.__dict__.pop("hierarchies", None)

    @cached_property
    def processes(self) -> ProcessLists:
        """The processes and threads of tasks, read at most once a step."""
        return ProcessLists(self.proc, lambda: self.hierarchies)

    @property
    def platform(self) -> Platform:
        """What the machine is made of: the same object until a CPU or NUMA node comes or goes.

        Raises `HostError` if the online CPUs cannot be read.
        """
        return self._inventory.platform

    @property
    def platform_if_known(self) -> Platform | None:
        """The same, or None where it cannot be found out."""
        with suppress(HostError):
            return self.platform
        return None

    @property
    def information(self) -> dict[str, str]:
        """The labels of `wca_information`. Raises `HostError` as `platform` does."""
        return {**self.platform.labels, "wca_version": __version__}

    def look_around(self) -> None:
        """Notice CPUs, NUMA nodes and processes that came or went: once a step, before anybody asks."""
        self.processes.forget()
        self._inventory.check()

    def close(self) -> None:
        """Let go of open files; they are opened again when needed."""
        self._inventory.close()

    @cached_property
    def _inventory(self) -> Inventory:
        return Inventory(self.proc, self.sys, self.open_files, self.clock.now, self.platform_parts)

    def cgroup_directory(self, controller: str, path: str) -> str | None:
        """Where the cgroup `path` is seen in the tree of a controller; None if the controller is nowhere."""
        tree = self.hierarchies.tree(controller)
        return tree.at(path) if tree else None
