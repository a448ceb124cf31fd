"""After a kill at any moment, real cgroups of the kernel have back what they had, byte for byte.

The agent that is killed is a process of its own that writes step after step, as the transaction does; what puts back
is `wca restore`. v1 on this machine, v2 in the virtual one.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cgroups import wait_until
from tests.command import wca

pytestmark = [pytest.mark.root, pytest.mark.vm]

RESTORE = ("restore", "--no-lock", "--state-file")

V1 = {
    "cpu": {
        "cpu.shares": ("shares", ["2", "512", "262144"], "cpu_shares"),
        "cpu.cfs_quota_us": ("number", ["50000", "-1", "20000"], "cpu_quota"),
    },
    "cpuset": {
        "cpuset.mems": ("ids", ["0", "", "0"], "cpuset_mems"),
        "cpuset.cpus": ("ids", ["0", "0-1", ""], "cpuset_cpus"),
        "cpuset.memory_migrate": ("number", ["1", "0", "1"], "cpuset_memory_migrate"),
    },
    "memory": {"memory.soft_limit_in_bytes": ("pages", ["1000000", "4096", "-1"], "memory_low")},
}
V2 = {
    "cpu": {
        "cpu.weight": ("number", ["1", "39", "10000"], "cpu_shares"),
        "cpu.max": ("quota", ["50000 100000", "max 100000", "20000 100000"], "cpu_quota"),
    },
    "cpuset": {
        "cpuset.mems": ("ids", ["0", "", "0"], "cpuset_mems"),
        "cpuset.cpus": ("ids", ["0", "0-1", ""], "cpuset_cpus"),
    },
    "memory": {
        "memory.high": ("pages", ["1000000", "max", "40960000"], "memory_high"),
        "memory.low": ("pages", ["4096", "0", "max"], "memory_low"),
    },
}
"""By controller and file: how the kernel spells it, three values to write in turn, the type of allocation."""

AGENT = """
import json, sys
from tests.unreliable import KINDS, Trouble, UnreliableWrite, change_of
from wca_core.file_write import FileWrite
from wca_core.journal import Journal
from wca_core.linux.kernel import read_boot_id
from wca_core.model.allocation import AllocationType
from wca_core.model.statistics import Statistics
from wca_core.transaction import Bounds, Transaction

path, steps, killed_at, is_late, files = sys.argv[1:]
journal = Journal.open(path, read_boot_id("/proc"), KINDS)
transaction = Transaction(journal, None, Statistics(), bounds=Bounds(KINDS, ["/sys/fs/cgroup"]))
trouble = Trouble(killed_at=int(killed_at), is_late=is_late == "True")
print("started", flush=True)
for step in range(int(steps)):
    transaction.apply([
        UnreliableWrite(
            FileWrite(place, values[step % 3].encode(), change_of(task, AllocationType(kind)), spelling=spelling),
            trouble,
        )
        for task, place, spelling, values, kind in json.loads(files)
    ])
print("ended", flush=True)
"""


@dataclass(frozen=True, slots=True)
class Files:
    """The files of two cgroups that can be written here."""

    rows: list[tuple[str, str, str, list[str], str]]
    """Task, path, spelling, values, type."""

    def contents(self) -> dict[str, bytes]:
        return {place: Path(place).read_bytes() for _, place, *_ in self.rows}


@pytest.fixture
def files() -> Iterator[Files]:
    """Of two cgroups, below one of their own in each tree that there is, all made here."""
    if os.geteuid() != 0:
        pytest.skip("only root may make cgroups")
    trees = _trees()
    parents = {tree / f"wca-test-restore-{os.getpid()}-{secrets.token_hex(3)}" for tree in set(trees.values())}
    rows: list[tuple[str, str, str, list[str], str]] = []
    try:
        for parent in parents:
            parent.mkdir()
            _enable(parent)
            for task in ("a", "b"):
                (parent / task).mkdir()
        table = V2 if len(parents) == 1 else V1
        for controller, of_controller in table.items():
            for parent in parents:
                if parent.parent == trees.get(controller):
                    rows += _rows(parent, of_controller)
        if not rows:
            pytest.skip("no controller that can be written is mounted here")
        yield Files(rows)
    finally:
        for parent in parents:
            for directory in (parent / "a", parent / "b", parent):
                with suppress(FileNotFoundError):
                    directory.rmdir()


def _rows(
    parent: Path, of_controller: dict[str, tuple[str, list[str], str]]
) -> Iterator[tuple[str, str, str, list[str], str]]:
    for name, (spelling, values, kind) in of_controller.items():
        if name in ("cpuset.cpus", "cpuset.mems") and (parent.parent / name).exists():
            (parent / name).write_text((parent.parent / name).read_text())  # v1 gives a cgroup none by itself
        for task in ("a", "b"):
            if (parent / task / name).exists():
                yield task, str(parent / task / name), spelling, values, kind


def _trees() -> dict[str, Path]:
    """Where each controller is."""
    trees: dict[str, Path] = {}
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, options, *_ = line.split()
        if kind == "cgroup":
            trees.update((name, Path(point)) for name in V1 if name in options.split(","))
    if not trees:
        unified = [
            line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines() if " cgroup2 " in line
        ]
        trees = {name: Path(point) for point in unified[:1] for name in V2}
    if not trees:
        pytest.skip("no cgroup hierarchy is mounted here")
    return trees


def _enable(parent: Path) -> None:
    """On v2, the controllers for the cgroups below."""
    if (parent / "cgroup.subtree_control").exists():
        for directory in (parent.parent, parent):
            (directory / "cgroup.subtree_control").write_text("+cpu +cpuset +memory")


def agent(
    path: Path, files: Files, steps: int, killed_at: int = -1, *, is_late: bool = False
) -> subprocess.Popen[bytes]:
    arguments = [str(path), str(steps), str(killed_at), str(is_late), json.dumps(files.rows)]
    process = subprocess.Popen(
        [sys.executable, "-c", AGENT, *arguments], stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"started\n"
    return process


def test_the_values_are_taken_by_this_kernel(files: Files, tmp_path: Path) -> None:
    before = files.contents()

    with agent(tmp_path / "journal", files, 1) as process:
        assert process.wait() == 0

    now = files.contents()
    assert [place for place in before if now[place] == before[place]] == []
    assert wca(*RESTORE, str(tmp_path / "journal")).returncode == 0
    assert files.contents() == before


@pytest.mark.timeout(300)
@pytest.mark.parametrize("is_late", [False, True], ids=["before", "after"])
def test_killed_at_any_operation_of_a_step_restore_gives_the_original(
    files: Files, tmp_path: Path, is_late: bool
) -> None:
    before = files.contents()
    killed = 0

    for operation in range(0, 9 * len(files.rows), 11):
        with agent(tmp_path / "journal", files, 3, operation, is_late=is_late) as process:
            killed += process.wait() == -signal.SIGKILL
        result = wca(*RESTORE, str(tmp_path / "journal"))

        assert (result.returncode, files.contents()) == (0, before), f"killed at operation {operation}: {result.stdout}"
    assert killed >= len(files.rows) // 2  # eleven and the three operations of a write have no common divisor


def test_killed_at_any_time_restore_gives_the_original(files: Files, tmp_path: Path) -> None:
    before = files.contents()

    for milliseconds in (0, 2, 9, 35, 102):
        with agent(tmp_path / "journal", files, 1_000_000) as process:
            time.sleep(milliseconds / 1000)
            process.kill()
            assert process.wait() == -signal.SIGKILL
        result = wca(*RESTORE, str(tmp_path / "journal"))

        assert (result.returncode, files.contents()) == (0, before), f"after {milliseconds} ms: {result.stdout}"


def test_killed_again_and_again_with_an_agent_that_goes_on_restore_gives_the_original(
    files: Files, tmp_path: Path
) -> None:
    before = files.contents()

    for operation in (5, 14, 23, 31):
        with agent(tmp_path / "journal", files, 3, operation, is_late=True) as process:
            assert process.wait() == -signal.SIGKILL
    with agent(tmp_path / "journal", files, 2) as process:
        assert process.wait() == 0
    result = wca(*RESTORE, str(tmp_path / "journal"))

    assert (result.returncode, files.contents()) == (0, before), result.stdout


def test_what_a_kubelet_writes_after_us_stays_and_all_else_is_put_back(files: Files, tmp_path: Path) -> None:
    before = files.contents()
    taken = next(place for _, place, *_ in files.rows if place.endswith(("cpu.shares", "cpu.weight")))

    with agent(tmp_path / "journal", files, 1_000_000) as process:
        wait_until(lambda: Path(taken).read_bytes() != before[taken], "the agent writes nothing")
        process.send_signal(signal.SIGSTOP)
        process.kill()
    Path(taken).write_text("777")
    result = wca(*RESTORE, str(tmp_path / "journal"))

    assert f"theirs    {taken}" in result.stdout
    assert files.contents() == before | {taken: b"777\n"}


def test_of_a_cgroup_that_is_gone_or_was_made_again_nothing_is_put_back(files: Files, tmp_path: Path) -> None:
    with agent(tmp_path / "journal", files, 1) as process:
        assert process.wait() == 0
    directories = {Path(place).parent for task, place, *_ in files.rows if task == "a"}
    for directory in directories:
        directory.rmdir()
        directory.mkdir()
    made_again = files.contents()

    result = wca(*RESTORE, str(tmp_path / "journal"))

    assert result.returncode == 0
    assert {place: content for place, content in files.contents().items() if "/a/" in place} == {
        place: content for place, content in made_again.items() if "/a/" in place
    }
    assert result.stdout.count("gone ") == sum(task == "a" for task, *_ in files.rows)


def test_shares_that_the_kernel_forgets_while_a_cgroup_is_idle_come_back(files: Files, tmp_path: Path) -> None:
    """`cpu.idle` 1 and then 0 makes shares 1024, weight 100; in between they read 3, 0: what is known of them stays."""
    shares = Path(next(place for _, place, *_ in files.rows if place.endswith(("cpu.shares", "cpu.weight"))))
    idle, standard = shares.with_name("cpu.idle"), {"cpu.shares": "1024", "cpu.weight": "100"}[shares.name]
    if not idle.exists():
        pytest.skip("this kernel has no cpu.idle (Linux 5.15)")
    shares.write_text("500")
    rows = [
        ("a", str(shares), "number", [standard] * 3, "cpu_shares"),
        ("a", str(idle), "number", ["1"] * 3, "cpu_idle"),
    ]

    for _ in range(2):  # the second refuses to write the shares of an idle cgroup, and knows what they were
        with agent(tmp_path / "journal", Files(rows), 1) as process:
            assert process.wait() == 0
        assert idle.read_text() == "1\n"
    result = wca(*RESTORE, str(tmp_path / "journal"))

    assert result.returncode == 0
    assert (shares.read_text(), idle.read_text()) == ("500\n", "0\n"), result.stdout
