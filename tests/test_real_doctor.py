"""`wca doctor` on this machine: as root, as an ordinary user, in namespaces of its own; needs as the kernel has it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cgroups import Cgroups, real_cgroups_or_skip
from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.builtin.pressure.metrics import Pressure
from wca_core.host import Host
from wca_core.model.task import Task
from wca_core.needs import FILES_OF_A_TASK
from wca_core.testing import make_task, running

WCA = str(Path(sys.executable).with_name("wca"))
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user or make namespaces"),
    pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed"),
    pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not installed"),
]


def report_of(*arguments: str, within: Sequence[str] = ()) -> dict[str, Any]:
    """What the command finds; `within`: the program that runs it."""
    process = subprocess.run(
        [*within, WCA, "doctor", "--json", *arguments], capture_output=True, text=True, timeout=100, check=False
    )
    if process.returncode == 126 or not process.stdout:
        pytest.skip(f"{' '.join(within)} cannot run {WCA}: {process.stderr.strip()[:200]}")
    found: dict[str, Any] = json.loads(process.stdout)
    assert process.returncode == (0 if found["ready"] else 1)
    return found


def fact(report: dict[str, Any], topic: str) -> dict[str, Any]:
    return next(one for one in report["machine"] if one["topic"] == topic)


def states(report: dict[str, Any], plugin: str) -> dict[str, str]:
    """The states of a plugin's needs, by the beginning of the need."""
    (needs,) = (one["needs"] for one in report["plugins"] if one["name"] == plugin)
    return {need["need"].split()[0]: need["state"] for need in needs}


def test_what_root_may_an_ordinary_user_may_not() -> None:
    wss = ["--plugins", "wss", "--set", "wss.wss_reset_cycles=1"]
    root, nobody = report_of(*wss), report_of(*wss, within=NOBODY)

    assert {states(root, "wss")[name] for name in ("CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE")} == {"met"}
    assert {states(nobody, "wss")[name] for name in ("CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE")} == {"missing"}
    assert fact(nobody, "privileges")["values"]["effective"] == []
    assert root["ready"]
    assert nobody["ready"]


def test_an_ambient_capability_meets_a_need() -> None:
    caps = ["--inh-caps=+sys_ptrace", "--ambient-caps=+sys_ptrace"]

    found = report_of("--plugins", "wss", "--set", "wss.wss_reset_cycles=1", within=[*NOBODY, *caps])

    assert states(found, "wss")["CAP_SYS_PTRACE"] == "met"
    assert fact(found, "privileges")["values"]["ambient"] == ["CAP_SYS_PTRACE"]


@pytest.mark.vm
def test_namespaces_of_its_own_are_noticed() -> None:
    outside = fact(report_of("--plugins", "pid-counts"), "namespaces")["values"]
    within = ["unshare", "--pid", "--fork", "--mount-proc", "--cgroup"]

    found = report_of("--plugins", "pid-counts", within=within)

    if outside == {"cgroup": "host", "pid": "host", "user": "host"}:
        assert states(found, "pid-counts") == {"the": "missing"}
    assert fact(found, "namespaces")["values"] == {**outside, "cgroup": "own", "pid": "own"}
    assert fact(found, "namespaces")["state"] == "bad"
    assert "--pid=host" in fact(found, "namespaces")["advice"]


def test_processes_that_a_mount_of_proc_hides_are_noticed() -> None:
    hiding = 'mount --make-rprivate / && mount -t proc -o hidepid=2 proc /proc && exec "$@"'
    within = ["unshare", "--mount", "sh", "-c", hiding, "sh", *NOBODY]

    found = report_of("--plugins", "wss", "--set", "wss.wss_reset_cycles=1", within=within)

    (need,) = (
        need
        for plugin in found["plugins"]
        if plugin["name"] == "wss"
        for need in plugin["needs"]
        if need["need"].startswith("a /proc")
    )
    assert need["state"] == "missing"
    assert need["found"] in ("it is mounted with hidepid=invisible", "it is mounted with hidepid=2")


@pytest.fixture
def cgroups() -> Iterator[Cgroups]:
    with real_cgroups_or_skip() as made:
        yield made


def files_open_for(tasks: list[Task]) -> int:
    host = Host()
    with running(host, [CgroupMetrics(), Pressure()], tasks) as agent:
        agent.step()
        agent.step()
        return host.open_files.count


@pytest.mark.vm
def test_a_task_opens_no_more_files_than_is_said_and_not_many_less(cgroups: Cgroups) -> None:
    opened = files_open_for([make_task(cgroups.make("counted").path)]) - files_open_for([])

    assert FILES_OF_A_TASK - 6 <= opened <= FILES_OF_A_TASK
