"""The allocator on real cgroups of this machine, however many nodes it has: pinned, seen in the next step, put back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from wca_numa.allocator import NUMAAllocator

from tests.allocation_cgroups import Scene, allocation_scene, task_of
from tests.cgroups import Cgroup
from tests.command import wca
from wca_core.allocation_configuration import AllocationConfiguration
from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.builtin.cgroup_control.control import CgroupControl
from wca_core.builtin.platform.metrics import PlatformMetrics
from wca_core.host import Host
from wca_core.linux.cpulist import parse_cpulist
from wca_core.settings import AllocationSettings
from wca_core.testing import running

HERE = Host().platform_if_known
NODES = HERE.node_cpus if HERE is not None else {}

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(max(map(len, NODES.values()), default=0) < 2, reason="a node of one CPU cannot be had in part"),
]

REFERENCE = """
runner: !AllocationRunner
  measurement_runner: !MeasurementRunner
    node: !StaticNode {{tasks: [{task}]}}
    interval: 0.05
    metrics_storage: !LogStorage {{output_filename: {folder}/metrics, overwrite: true}}
  restore_state_file: {folder}/journal
  allocator: !NUMAAllocator
    algorithm: 'fill_biggest_first'
    loop_min_task_balance: 0.0
    free_space_check: false
    migrate_pages: true
    migrate_pages_min_task_balance: 0.95
    cgroups_memory_binding: false
    cgroups_memory_migrate: false
    dryrun: false
  anomalies_storage: !LogStorage {{output_filename: {folder}/anomalies, overwrite: true}}
  allocations_storage: !LogStorage {{output_filename: {folder}/allocations, overwrite: true}}
"""
"""All fields that the original had, and a journal for this test alone."""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with allocation_scene(tmp_path) as found:
        yield found


def partly_pinned(scene: Scene) -> Cgroup:
    """A cgroup that holds memory and has one CPU of a node of several."""
    cgroup = scene.cgroups.make("a")
    cgroup.file("cpuset.cpus").write_text(str(min(next(cpus for cpus in NODES.values() if len(cpus) > 1))))
    stdout = cgroup.run("sh", "-c", "pile=$(printf %04000000d 0); echo held; kill -STOP $$").stdout
    assert stdout is not None
    assert stdout.readline() == b"held\n"
    return cgroup


def cpus_of(cgroup: Cgroup) -> frozenset[int]:
    return parse_cpulist(cgroup.file("cpuset.cpus").read_text())


def test_the_configuration_of_the_original_pins_a_task_to_a_node(scene: Scene) -> None:
    cgroup = partly_pinned(scene)
    file = scene.folder / "wca.yaml"
    file.write_text(REFERENCE.format(task=cgroup.path.strip("/"), folder=scene.folder))
    file.chmod(0o600)

    ran = wca("run", "--root", "--no-lock", "-c", str(file), "--count", "2")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert cpus_of(cgroup) in NODES.values()
    told = (scene.folder / "allocations").read_text()
    assert "allocation_cpuset_cpus_number_of_cpus{" in told
    assert "\nnuma__task_current_node{" in told
    assert "\nwca_migrate_pages_failed{" in told


def test_a_task_on_some_cpus_is_widened_to_its_node_and_put_back_in_the_end(scene: Scene) -> None:
    host = Host(allocation_configuration=AllocationConfiguration(cpu_quota_period=100000))
    cgroup = partly_pinned(scene)
    before = scene.state(cgroup)
    settings = AllocationSettings(restore_on_exit="managed", restore_state_file=str(scene.folder / "journal"))
    plugins = [PlatformMetrics(), CgroupMetrics(), CgroupControl(), NUMAAllocator(allow_swap=True)]

    with running(host, plugins, [task_of(cgroup)], allocation=settings) as agent:
        steps = [agent.step(), agent.step()]
        pinned = cpus_of(cgroup)

    told = [{one.name: one.value for one in step.findings} for step in steps]
    assert pinned in NODES.values()
    assert told[0]["numa__task_current_node"] == -1
    assert NODES[int(told[1]["numa__task_current_node"])] == pinned
    assert told[1]["wca_migrate_pages_failed"] == 0
    assert scene.state(cgroup) == before
