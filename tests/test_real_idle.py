"""Idleness takes a cgroup's weight along: whatever the order of wishes, both are as before in the end.

cgroup v1 on this machine, v2 in the virtual machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.allocation_cgroups import Scene, allocation_scene, task_of

pytestmark = [pytest.mark.root, pytest.mark.vm]

IDLE, BUSY, WEIGHT = {"cpu_idle": 1}, {"cpu_idle": 0}, {"cpu_shares": 2.0}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with allocation_scene(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    "steps",
    [
        [WEIGHT, WEIGHT | IDLE, WEIGHT | BUSY, WEIGHT | BUSY],
        [WEIGHT, IDLE, BUSY, WEIGHT],
        [IDLE, BUSY, WEIGHT],
        [WEIGHT | IDLE, BUSY, WEIGHT, IDLE],
        [IDLE, WEIGHT | BUSY, WEIGHT | BUSY, IDLE, BUSY],
    ],
)
def test_weight_and_idleness_come_back_whatever_was_wished_in_between(
    scene: Scene, steps: list[dict[str, float]]
) -> None:
    cgroup = scene.cgroups.make("batch")
    file = cgroup.file("cpu.shares" if scene.version == 1 else "cpu.weight")
    if not file.with_name("cpu.idle").exists():
        pytest.skip("this kernel has no cpu.idle (Linux 5.15)")
    file.write_text("500")
    task = task_of(cgroup)
    before = scene.state(cgroup)

    with scene.agent(task) as agent:
        for wishes in steps:
            agent.allocate(task, **wishes)

    assert scene.state(cgroup) == before
