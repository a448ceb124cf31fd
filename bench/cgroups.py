"""Real cgroups with one tiny sleeping process each, made for a measurement and always removed.

All are below `/wcabench-PID`, on cgroup v1 in every tree the agent needs and in the unified one, on
v2 in the one tree with the controllers enabled. What a killed run left is removed by the next.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.compiled import compiled
from bench.errors import BenchError
from wca_core.linux.cgroup import Hierarchies, Mode, find_hierarchies

PREFIX = "wcabench-"
CONTROLLERS = ("cpu", "cpuacct", "memory")
MORE_CONTROLLERS = ("blkio", "io", "pids")
"""Of which a machine need not have all."""
PATIENCE = 10.0
"""Seconds that the kernel may take to let go of processes that were killed."""


@contextmanager
def cgroups(counts: Sequence[int]) -> Iterator[dict[int, str]]:
    """For each count a cgroup with so many children, by count. Raises `BenchError` where none can be made."""
    hierarchies = find_hierarchies("/", "/proc")
    top = f"/{PREFIX}{os.getpid()}"
    parents = {count: f"{top}/n{count}" for count in counts}
    children = [f"{parent}/t{number:04d}" for count, parent in parents.items() for number in range(count)]
    for left in _left_behind(hierarchies):
        _remove(left)
    try:
        _make(hierarchies, [top, *parents.values()], children)
        with _sleepers(hierarchies, children):
            yield parents
    finally:
        for directory in _directories(hierarchies, top):
            _remove(directory)


def why_not() -> str | None:
    """Why no cgroups can be made here; None if they can."""
    if os.geteuid() != 0:
        return "cgroups can be made by root only"
    hierarchies = find_hierarchies("/", "/proc")
    missing = [name for name in CONTROLLERS if hierarchies.tree(name) is None]
    return f"no cgroup tree for {', '.join(missing)}" if missing else None


def _directories(hierarchies: Hierarchies, path: str) -> list[str]:
    """The directories of one cgroup, each once: two controllers may share a tree."""
    trees = [tree for name in (*CONTROLLERS, *MORE_CONTROLLERS) if (tree := hierarchies.tree(name))]
    if hierarchies.unified is not None:
        trees.append(hierarchies.unified)
    return list(dict.fromkeys(tree.at(path) for tree in trees))


def _make(hierarchies: Hierarchies, parents: Sequence[str], children: Sequence[str]) -> None:
    reason = why_not()
    if reason is not None:
        raise BenchError(reason)
    if hierarchies.mode is Mode.V2:
        _enable_controllers(hierarchies, "/")
    for path in parents:
        for directory in _directories(hierarchies, path):
            os.mkdir(directory)
        if hierarchies.mode is Mode.V2:
            _enable_controllers(hierarchies, path)
    for path in children:
        for directory in _directories(hierarchies, path):
            os.mkdir(directory)


def _enable_controllers(hierarchies: Hierarchies, path: str) -> None:
    assert hierarchies.unified is not None
    Path(hierarchies.unified.at(path), "cgroup.subtree_control").write_text("+cpu +memory +io +pids")


@contextmanager
def _sleepers(hierarchies: Hierarchies, paths: Sequence[str]) -> Iterator[None]:
    process = subprocess.Popen([compiled("sleepers")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.writelines("\t".join(_directories(hierarchies, path)) + "\n" for path in paths)
        process.stdin.close()
        if process.stdout.readline() != "ready\n":
            raise BenchError("a process could not join its cgroup; see above")
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _left_behind(hierarchies: Hierarchies) -> list[str]:
    """What runs that are over did not remove."""
    return [
        str(found)
        for tree in _directories(hierarchies, "/")
        for found in Path(tree).glob(f"{PREFIX}*")
        if not os.path.exists(f"/proc/{found.name.removeprefix(PREFIX)}")
    ]


def _remove(directory: str) -> None:
    """Remove a cgroup and all below it, as soon as the processes in them are gone."""
    for path, _, _ in os.walk(directory, topdown=False):
        give_up = time.monotonic() + PATIENCE
        while os.path.isdir(path) and time.monotonic() < give_up:
            with suppress(OSError):
                os.rmdir(path)
                break
            time.sleep(0.02)
