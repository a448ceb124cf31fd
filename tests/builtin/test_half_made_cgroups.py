"""Container engines make and remove a v1 cgroup tree by tree; a step may come in between."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cgroups import Cgroups, real_cgroups_or_skip
from tests.kernel_truth import read_truth
from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.host import Host
from wca_core.testing import make_task, running


@pytest.fixture
def cgroups() -> Iterator[Cgroups]:
    with real_cgroups_or_skip() as made:
        if made.trees.version != 1:
            pytest.skip("a cgroup is one directory on cgroup v2")
        yield made


@pytest.mark.root
@pytest.mark.parametrize("late", ["memory", "cpuacct", "cpu", "blkio", "pids"])
def test_a_cgroup_met_half_made_is_measured_whole_in_the_step_after_it_is_complete(cgroups: Cgroups, late: str) -> None:
    cgroup = cgroups.make("half")
    directory = cgroup.trees.directories[late] / cgroup.path.strip("/")
    directory.rmdir()

    with running(Host(), [CgroupMetrics()], [make_task(cgroup.path)]) as agent:
        agent.step()
        directory.mkdir()
        names = {sample.name for sample in agent.step().samples if sample.labels.get("task_id") == cgroup.path}

    assert {name for name, _ in read_truth(cgroup)} <= names


@pytest.mark.root
def test_what_a_half_removed_cgroup_has_used_is_not_counted_twice(cgroups: Cgroups) -> None:
    cgroup = cgroups.make("half")
    assert cgroup.run("sh", "-c", "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done").wait(60) == 0
    used = read_truth(cgroup)["task_cpu_usage_seconds", ""]

    with running(Host(), [CgroupMetrics()], [make_task(cgroup.path)]) as agent:
        agent.step()
        (cgroup.trees.directories["memory"] / cgroup.path.strip("/")).rmdir()
        after = [sample.value for sample in agent.step().samples if sample.name == "task_cpu_usage_seconds"]

    assert after in ([], [pytest.approx(used)])
