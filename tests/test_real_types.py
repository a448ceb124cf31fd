"""Each type of allocation on real cgroups: applied, verified, undone with its task, and restored.

cgroup v1 on this machine, v2 in the virtual machine. What a value does to processes is in `test_real_allocation`.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.allocation_cgroups import Scene, allocation_scene, task_of
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.write import Change
from wca_core.plugin_api import hookimpl, plugin

pytestmark = [pytest.mark.root, pytest.mark.vm]

TYPES: dict[str, dict[str, object]] = {
    "cpu_quota": {"cpu_quota": 0.25},
    "cpu_shares": {"cpu_shares": 4.0},
    "cpuset_cpus": {"cpuset_cpus": "0"},
    "cpuset_mems": {"cpuset_mems": "0"},
    "cpuset_memory_migrate": {"cpuset_memory_migrate": 1},
    "memory_high": {"memory_high": 1 << 30},
    "memory_low": {"memory_low": 1 << 20},
    "memory_min": {"memory_min": 1 << 20},
    "cpu_idle": {"cpu_idle": 1},
    "cpu_burst": {"cpu_quota": 0.5, "cpu_burst": 0.5},
}
"""By type: wishes that change something."""

NODES = len(list(Path("/sys/devices/system/node").glob("node[0-9]*")))
UNCHANGED = {(2, "cpuset_memory_migrate"), *(((1, "cpuset_mems"), (2, "cpuset_mems")) if NODES == 1 else ())}
"""On a machine of one node there is one set only, and v2 always lets pages follow."""

UNSUPPORTED = {(1, "memory_high"), (1, "memory_min")}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with allocation_scene(tmp_path) as made:
        yield made


@dataclass(frozen=True)
class RefusedWrite:
    """The last of a task, as it cannot be undone: the kernel says no."""

    change: Change
    place: str = "nowhere"
    kind: str = ""
    gives: bool = False
    reversible: bool = False

    def read(self) -> bytes:
        return b""

    def do(self) -> None:
        raise OSError(errno.EBUSY, "busy")

    def undo(self, old: bytes) -> None:
        raise AssertionError("it cannot be undone")

    def verify(self, read_back: bytes) -> bool:
        return False

    def record(self) -> dict[str, str | int]:
        return {}


@plugin(api=1)
class RefusesPages:
    """Takes wishes to migrate pages, and fails."""

    @hookimpl
    def check_allocations(self, changes: Sequence[Change]) -> list[Allocation]:
        return [change.wanted for change in changes if change.wanted.type is AllocationType.MIGRATE_PAGES]

    @hookimpl
    def plan_writes(self, changes: Sequence[Change]) -> list[RefusedWrite]:
        return [RefusedWrite(change) for change in changes]


@pytest.mark.parametrize("name", TYPES)
def test_a_type_is_applied_verified_and_restored(scene: Scene, name: str) -> None:
    cgroup = scene.cgroups.make("task")
    task = task_of(cgroup)
    before = scene.state(cgroup)

    with scene.agent(task) as agent:
        first = agent.allocate(task, **TYPES[name])
        during = scene.state(cgroup)
        again = agent.allocate(task, **TYPES[name])

    if (scene.version, name) in UNSUPPORTED:
        assert (during, again.value("allocations_errors")) == (before, 2)
        return
    assert (during == before) == ((scene.version, name) in UNCHANGED)
    assert first.value("allocations_errors") == 0
    assert again.value("allocations_writes", type=name) == (0 if during == before else 1)  # and not again
    assert scene.state(cgroup) == before


@pytest.mark.parametrize("name", TYPES)
def test_a_type_is_undone_with_its_task(scene: Scene, name: str) -> None:
    cgroup = scene.cgroups.make("task")
    task = task_of(cgroup)
    before = scene.state(cgroup)
    journal = scene.folder / "journal"

    with scene.agent(task, more=[RefusesPages()]) as agent:
        measured = agent.allocate(task, **TYPES[name], migrate_pages=0)
        during = scene.state(cgroup)
        lines = [json.loads(line) for line in journal.read_text().splitlines()]

    assert during == before
    known, forgotten = ({str(line[word]) for line in lines if word in line} for word in ("key", "forget"))
    assert known == forgotten  # nothing of it is ours any more
    if (scene.version, name) not in UNSUPPORTED:
        assert measured.value("wca_allocation_write_errors", type="migrate_pages", errno="EBUSY") == 1
        assert measured.value("wca_allocation_rollbacks", type="migrate_pages") == 1
