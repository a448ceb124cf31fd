"""A machine made of files, and a clock that stands still."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wca_core.host import Host


@dataclass(slots=True)
class TestClock:
    """A clock that stands still until it is told the time."""

    __test__ = False

    time: float = 1_700_000_000.0
    steady: float = 1000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.steady

    def advance(self, seconds: float) -> None:
        """Both clocks go on."""
        self.time += seconds
        self.steady += seconds


class Machine:
    """A fake machine: a folder with the files of /proc and /sys that a test needs.

    It has cgroup v2 mounted after the first `cgroup_v2`, v1 controllers after `cgroup_v1`, and is
    hybrid with both.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clock = TestClock()
        self._mounts: dict[str, tuple[str, str]] = {}
        self.file("/proc/self/mountinfo", "")

    def file(self, path: str, text: str | bytes) -> Machine:
        """Put a file at an absolute path of the machine."""
        target = self._seen_at(path)
        content = text if isinstance(text, bytes) else text.encode()
        try:
            _write(target, content)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            _write(target, content)
        return self

    def files(self, directory: str, files: Mapping[str, str | bytes]) -> Machine:
        """Put files into a directory of the machine, which is made if there is none."""
        os.makedirs(self._seen_at(directory), exist_ok=True)
        for name, text in files.items():
            self.file(f"{directory}/{name}", text)
        return self

    def cgroup_v2(
        self, path: str, files: Mapping[str, str | bytes], controllers: str = "cpu memory io pids"
    ) -> Machine:
        """A cgroup of the unified hierarchy, mounted at /sys/fs/cgroup (hybrid: .../unified)."""
        point = self._mount("cgroup2", "unified" if self._has_v1 else "", "rw")
        self.file(f"{point}{path}/cgroup.controllers", controllers)
        for parent in PurePosixPath(path).parents:
            for name in ("controllers", "subtree_control"):
                self.file(f"{point}{parent}/cgroup.{name}".replace("//", "/"), controllers)
        self.files(point + path, files)
        return self

    def cgroup_v1(self, path: str, files: Mapping[str, Mapping[str, str | bytes]]) -> Machine:
        """A cgroup in the trees of v1 controllers, by controller, each mounted on its own."""
        for controller, of_controller in files.items():
            point = self._mount("cgroup", controller, f"rw,{controller}")
            self.files(point + path, of_controller)
        return self

    def cpus(self, topology: Mapping[int, Mapping[int, Sequence[int]]]) -> Machine:
        """Online CPUs, by socket and core: `{0: {0: [0, 2], 1: [1, 3]}}` is one socket of two cores of two CPUs."""
        directory = "/sys/devices/system/cpu"
        online: list[int] = []
        for socket, cores in topology.items():
            for core, cpus in cores.items():
                online += cpus
                place = {"physical_package_id": f"{socket}\n", "core_id": f"{core}\n"}
                siblings = {"core_cpus_list": f"{','.join(map(str, cpus))}\n"}
                for cpu in cpus:
                    self.files(f"{directory}/cpu{cpu}/topology", {**place, **siblings})
        text = f"{','.join(map(str, sorted(online)))}\n"
        self.files(directory, {"online": text, "present": text})
        return self

    def host(self, **fields: object) -> Host:
        """The host that agents and plugins are given."""
        return Host(root=str(self.root), name="test-host", clock=self.clock, **fields)  # type: ignore[arg-type]

    def _seen_at(self, path: str) -> str:
        """No `Path`: Python 3.12 keeps each word of one for ever, which would look like a leak of the plugin."""
        return f"{self.root}/{path.lstrip('/')}"

    @property
    def _has_v1(self) -> bool:
        return any(kind == "cgroup" for kind, _ in self._mounts.values())

    def _mount(self, kind: str, name: str, options: str) -> str:
        point = f"/sys/fs/cgroup/{name}".rstrip("/")
        self._mounts[point] = (kind, options)
        lines = [
            f"{number} 1 0:{number} / {where} rw,relatime - {what} {what} {how}\n"
            for number, (where, (what, how)) in enumerate(self._mounts.items(), 30)
        ]
        self.file("/proc/self/mountinfo", "".join(lines))
        return point


def _write(path: str, content: bytes) -> None:
    with open(path, "wb", buffering=0) as file:
        file.write(content)
