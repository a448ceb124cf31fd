"""Real cgroups for tests, in the trees that this machine has, gone again at the end.

| mounted | a cgroup is |
|---|---|
| only cgroup2 | one directory; the controllers are enabled in every directory above it, and stay so |
| any of them as v1 | one directory of the same path in each of their trees |

Finds the trees by itself: what it would share with wca_core, it could not test.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

V1_CONTROLLERS = ("cpu", "cpuacct", "memory", "blkio", "pids")
V2_CONTROLLERS = ("cpu", "memory", "io", "pids")
PATIENCE = 60.0
"""Seconds; a virtual machine without KVM is slow."""

JOIN = 'while [ "$1" != -- ]; do echo 0 >"$1" || exit 99; shift; done; shift; exec "$@"'
"""A shell that enters cgroups before it becomes the program, so that everything is charged there."""


class NoCgroupsError(Exception):
    """Why no cgroups can be made here."""


@dataclass(frozen=True, slots=True)
class Trees:
    """The directories of the hierarchies' roots by controller; on v2 all are one."""

    version: int
    directories: Mapping[str, Path]

    @property
    def unique(self) -> list[Path]:
        return list(dict.fromkeys(self.directories.values()))


@dataclass(eq=False, slots=True)
class Cgroup:
    """One cgroup, in all trees."""

    trees: Trees
    path: str
    """Below the root of the hierarchy, as the agent names it."""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def directories(self) -> list[Path]:
        return [root / self.path.strip("/") for root in self.trees.unique]

    def file(self, name: str) -> Path:
        """A file of this cgroup: `cpuacct.usage` is in the tree of cpuacct."""
        return self.trees.directories[name.partition(".")[0]] / self.path.strip("/") / name

    def run(self, *command: str) -> subprocess.Popen[bytes]:
        """A program that runs in this cgroup; its first line of output may be waited for with `first_line`."""
        entries = [str(directory / "cgroup.procs") for directory in self.directories]
        arguments = ["sh", "-c", JOIN, "join", *entries, "--", *command]
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
        self.processes.append(process)
        return process

    def suspend(self) -> None:
        """Stop all processes of this cgroup where they are: from now on they use nothing."""
        for process in self.processes:
            process.send_signal(signal.SIGSTOP)
            wait_until(partial(is_stopped, process.pid), f"process {process.pid} does not stop")

    def end(self) -> None:
        """End what runs in this cgroup."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self.processes.clear()

    def make(self) -> None:
        for directory in self.directories:
            directory.mkdir()

    def remove(self) -> None:
        """End what runs here and remove the directories, those below first."""
        self.end()
        for top in self.directories:
            for directory, _, _ in os.walk(top, topdown=False):
                kill_all_in(Path(directory))
                wait_until(partial(is_removed, directory), f"{directory} cannot be removed")


@dataclass(eq=False, slots=True)
class Cgroups:
    """All cgroups of one test, below one directory of their own."""

    trees: Trees
    parent: str = field(default_factory=lambda: f"/wca-test-{os.getpid()}-{secrets.token_hex(3)}")
    made: list[Cgroup] = field(default_factory=list)

    def make(self, name: str) -> Cgroup:
        """The cgroup of this name, with those above it (`pod/container`)."""
        path = self.parent
        self._known(path)
        for part in name.split("/"):
            path = f"{path}/{part}"
            cgroup = self._known(path)
        return cgroup

    def remove(self) -> None:
        for cgroup in self.made:
            cgroup.end()
        Cgroup(self.trees, self.parent).remove()

    def _known(self, path: str) -> Cgroup:
        for cgroup in self.made:
            if cgroup.path == path:
                return cgroup
        if self.trees.version == 2:
            above = self.trees.directories["memory"] / path.rpartition("/")[0].strip("/")
            (above / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in V2_CONTROLLERS))
        cgroup = Cgroup(self.trees, path)
        self.made.append(cgroup)
        cgroup.make()
        return cgroup


def find_trees() -> Trees:
    """The trees in which tests may make cgroups. Raises `NoCgroupsError` with the reason if there are none."""
    if os.geteuid() != 0:
        raise NoCgroupsError("only root may make cgroups")
    v1: dict[str, Path] = {}
    unified: list[Path] = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, options, *_ = line.split()
        if kind == "cgroup2":
            unified.append(Path(point))
        elif kind == "cgroup":
            v1.update((name, Path(point)) for name in V1_CONTROLLERS if name in options.split(","))
    if v1:
        trees = Trees(1, v1)
        missing = set(V1_CONTROLLERS) - v1.keys()
        if missing:
            raise NoCgroupsError(f"cgroup v1 is mounted here without {', '.join(sorted(missing))}")
    elif unified:
        trees = Trees(2, dict.fromkeys(V2_CONTROLLERS, unified[0]))
        offered = (unified[0] / "cgroup.controllers").read_text().split()
        if not set(V2_CONTROLLERS) <= set(offered):
            raise NoCgroupsError(f"{unified[0]} offers only the controllers {offered}")
    else:
        raise NoCgroupsError("no cgroup hierarchy is mounted here")
    for root in trees.unique:
        if os.statvfs(root).f_flag & os.ST_RDONLY or not os.access(root, os.W_OK):
            raise NoCgroupsError(f"{root} cannot be written")
    return trees


@contextmanager
def real_cgroups() -> Iterator[Cgroups]:
    """Cgroups that are all removed at the end, whatever happens. Raises `NoCgroupsError`."""
    made = Cgroups(find_trees())
    try:
        yield made
    finally:
        made.remove()


@contextmanager
def real_cgroups_or_skip() -> Iterator[Cgroups]:
    """As `real_cgroups`; where there are none, the test is skipped."""
    try:
        find_trees()
    except NoCgroupsError as reason:
        pytest.skip(str(reason))
    with real_cgroups() as made:
        yield made


def first_line(process: subprocess.Popen[bytes]) -> str:
    """What a program says once it is ready."""
    assert process.stdout is not None
    line = process.stdout.readline().decode().strip()
    assert line, f"{process.args!r} ended {process.wait()} without a word"
    return line


def wait_until(is_so: Callable[[], bool], complaint: str, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{complaint} (waited {patience:g} s)")
        time.sleep(0.01)


def is_stopped(pid: int) -> bool:
    """The state is the first word after the name of the program in parentheses: proc(5)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def open_files_below(path: str) -> int:
    """Files that this process keeps open in the cgroup `path` and those below it."""
    links = list(Path("/proc/self/fd").iterdir())
    return sum(path in str(link.readlink()) for link in links if link.is_symlink())


def kill_all_in(directory: Path) -> None:
    for pid in pids_in(directory):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def pids_in(directory: Path) -> Sequence[int]:
    return [int(word) for word in (directory / "cgroup.procs").read_text().split()]


def is_removed(directory: str) -> bool:
    """Whether a cgroup is gone now; the kernel refuses for a moment after its last process has ended."""
    try:
        os.rmdir(directory)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
