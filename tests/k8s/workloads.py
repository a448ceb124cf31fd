"""Pods for a real kubelet, and what the kernel says about their containers."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from tests.cgroups import is_stopped, wait_until
from tests.k8s.node import IMAGE, v1_points

Json = Any

ALL = {"cpu": "200m", "memory": "32Mi"}


def container(name: str, seconds: float = 0.2, **resources: Json) -> Json:
    """One that uses so much CPU time and then waits."""
    return {
        "name": name,
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "command": ["/work", str(seconds)],
        "resources": resources,
    }


def pod(name: str, containers: Sequence[Json], **spec: Json) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app.kubernetes.io/name": name}},
        "spec": {
            "hostNetwork": True,
            "enableServiceLinks": False,
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "containers": list(containers),
            **spec,
        },
    }


GUARANTEED = pod("guaranteed", [container("only", requests=ALL, limits=ALL)])
BURSTABLE = pod("burstable", [container("one", requests={"cpu": "100m"}), container("two", 0.1)])
BEST_EFFORT = pod("besteffort", [container("a"), container("b", 0.1), container("c", 0.1)])
THREE = (GUARANTEED, BURSTABLE, BEST_EFFORT)


def directory_of(controller: str, path: str) -> Path:
    (point,) = (point for point in v1_points() if controller in point.name.split(","))
    return point / path.strip("/")


def usage(paths: Sequence[str]) -> float:
    """CPU time of some cgroups together [seconds]."""
    return sum(int((directory_of("cpuacct", path) / "cpuacct.usage").read_text()) for path in paths) / 1e9


def processes(path: str) -> list[int]:
    return [int(word) for word in (directory_of("cpu", path) / "cgroup.procs").read_text().split()]


@contextmanager
def stopped(paths: Sequence[str]) -> Iterator[None]:
    """All processes of some containers stand still: they use nothing."""
    pids = [pid for path in paths for pid in processes(path)]
    _signal(pids, signal.SIGSTOP)
    for pid in pids:
        wait_until(partial(is_stopped, pid), f"process {pid} does not stop")
    try:
        yield
    finally:
        _signal(pids, signal.SIGCONT)


def _signal(pids: Sequence[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
