"""Looks for the cgroups of pods and containers on this machine.

v1: in the tree of the controller cpu, as all trees have the same paths; v2: in the unified tree.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from wca_core.host import Host
from wca_k8s.cgroups import (
    SCHEMES,
    CgroupDriverType,
    Runtime,
    container_names,
    is_of_container,
    pod_paths,
    roots,
)
from wca_k8s.containers import Container
from wca_k8s.pods import Pod

CONTROLLERS = ("cpu", "cpuacct", "memory")
"""The first that this machine has tells whether a cgroup is there."""


@dataclass(eq=False, slots=True)
class CgroupSearch:
    """Where things are, as far as the configuration does not say."""

    driver: CgroupDriverType = CgroupDriverType.CGROUPFS
    cgroup_root: str = "/"
    runtime: Runtime | Literal["auto"] = "auto"
    ask_driver: Callable[[], CgroupDriverType | None] = lambda: None
    """Who may know the driver where the machine does not tell it; asked once at most."""
    _found: CgroupDriverType | None = field(default=None, init=False)
    _has_asked: bool = field(default=False, init=False)

    def pod(self, host: Host, pod: Pod, *, not_of: Collection[str] = ()) -> str | None:
        """The path of a pod's cgroup; None if there is none. Never that of another pod, whose uid is in `not_of`."""
        uids = [uid for uid in pod.cgroup_uids if uid == pod.uid or uid not in not_of]
        paths = pod_paths(self._driver_on(host), self.cgroup_root, pod.qos, uids)
        return next((path for path in paths if exists(host, path)), None)

    def container(self, host: Host, pod_path: str, container: Container) -> tuple[str, bool]:
        """The path of a container's cgroup, and whether it is there: else it is the one expected."""
        runtime = SCHEMES.get(container.scheme) if self.runtime == "auto" else self.runtime
        names = container_names(self._driver_on(host), runtime, container.container_id)
        for name in names:
            if exists(host, f"{pod_path}/{name}"):
                return f"{pod_path}/{name}", True
        for entry in _entries(host, pod_path):
            if is_of_container(entry, container.container_id) and exists(host, f"{pod_path}/{entry}"):
                return f"{pod_path}/{entry}", True
        return f"{pod_path}/{names[0]}", False

    def _driver_on(self, host: Host) -> CgroupDriverType:
        """Looked up until it is known: pods may come after the agent."""
        if self.driver is not CgroupDriverType.AUTO:
            return self.driver
        if self._found is None:
            self._found = self._seen(host) or self._told()
        return self._found or CgroupDriverType.CGROUPFS

    def _seen(self, host: Host) -> CgroupDriverType | None:
        drivers = (CgroupDriverType.SYSTEMD, CgroupDriverType.CGROUPFS)
        return next((one for one in drivers if any(exists(host, path) for path in roots(one, self.cgroup_root))), None)

    def _told(self) -> CgroupDriverType | None:
        if self._has_asked:
            return None
        self._has_asked = True
        return self.ask_driver()


def exists(host: Host, path: str) -> bool:
    directory = _directory(host, path)
    return directory is not None and os.path.isdir(directory)


def _directory(host: Host, path: str) -> str | None:
    return next((found for name in CONTROLLERS if (found := host.cgroup_directory(name, path))), None)


def _entries(host: Host, path: str) -> Sequence[str]:
    directory = _directory(host, path)
    if directory is not None:
        with suppress(OSError):
            return sorted(os.listdir(directory))
    return ()
