"""Machines made of files with the processes of Mesos containers, and the plugin asking a fake agent there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wca_mesos.node import MesosNode

from plugins.wca_mesos.tests.agents import FakeAgent
from plugins.wca_mesos.tests.given import (
    status,
    task,
)
from wca_core.testing import Machine

CONTROLLERS = ("cpu", "cpuacct", "memory")


def v1_machine(folder: Path, pids: dict[int, str]) -> Machine:
    """One with these processes, each in its cgroup."""
    machine = Machine(folder).file("/proc/self/status", "")
    for pid, path in pids.items():
        machine.cgroup_v1(path, {name: {} for name in CONTROLLERS})
        machine.cgroup_v1(
            path, {"cpuacct": {"cpuacct.usage": f"{pid}000000000\n", "cpuacct.stat": "user 1\nsystem 1\n"}}
        )
        at_v1(machine, pid, path)
    return machine


def at_v1(machine: Machine, pid: int, path: str) -> None:
    lines = "".join(f"{number}:{name}:{path}\n" for number, name in enumerate(CONTROLLERS, 2))
    machine.file(f"/proc/{pid}/cgroup", f"{lines}1:name=systemd:/mesos-agent\n0::/\n")
    machine.file(f"/proc/{pid}/stat", f"{pid} (sh) S {' '.join(['1'] * 18)} 100 0 0\n")


def one(number: int, **fields: Any) -> Any:
    """A launched task with its own container and pid."""
    return task(f"t{number}", status(pid=number, container=[f"c{number}"]), **fields)


def numbered(*numbers: int) -> dict[int, str]:
    return {number: f"/mesos/c{number}" for number in numbers}


@contextmanager
def asking(agent: FakeAgent, **fields: Any) -> Iterator[MesosNode]:
    node = MesosNode(mesos_agent_endpoint=agent.url, **fields)
    try:
        yield node
    finally:
        node.stop()


def ids(tasks: Any) -> list[str]:
    return [found.task_id for found in tasks]
