"""The machine as values: where /proc, /sys and the cgroups are seen, what time it is, what is known about it.

Nothing else in WCA holds a root path or a clock, so the same code measures this machine, one
whose file system is mounted elsewhere, a virtual one, and a fake one made of files.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from wca_core.linux.cgroup import Hierarchies, find_hierarchies
from wca_core.linux.files import OpenFiles
from wca_core.model.statistics import Statistics
from wca_core.model.task import Task


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
    clock: Clock = field(default_factory=SystemClock)
    open_files: OpenFiles = field(default_factory=OpenFiles)
    statistics: Statistics = field(default_factory=Statistics)
    known_tasks: Mapping[str, Task] = field(default_factory=dict)
    """By task id: every task that is not gone, also those whose discoverer failed in this step."""

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

    def cgroup_directory(self, controller: str, path: str) -> str | None:
        """Where the cgroup `path` is seen in the tree of a controller; None if the controller is nowhere."""
        tree = self.hierarchies.tree(controller)
        return tree.at(path) if tree else None
