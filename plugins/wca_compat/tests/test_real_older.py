"""Older components in the agent as a process, by `-r`, on real cgroups of the kernel."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from plugins.wca_compat.tests.given import OLDER, lines
from tests.cgroups import Cgroup, Cgroups, first_line, real_cgroups_or_skip
from tests.command import wca

pytestmark = [pytest.mark.root]

TOUCH = "data = bytearray(20_000_000); data[::4096] = b'x' * len(data[::4096]); print('there', flush=True)"


@dataclass
class Node:
    """Two tasks, of which one holds 20 MB."""

    cgroups: Cgroups
    folder: Path
    web: Cgroup
    batch: Cgroup

    @property
    def measuring(self) -> str:
        tasks = ", ".join(cgroup.path.strip("/") for cgroup in (self.web, self.batch))
        return f"""!MeasurementRunner
    node: !StaticNode {{tasks: [{tasks}], default_resources: {{mem: 40000000}}}}
    interval: 0.05
    allocation_configuration: !AllocationConfiguration {{cpu_quota_period: 100000}}
    metrics_storage: {self.storage("metrics")}"""

    def storage(self, name: str) -> str:
        return f"!LogStorage {{output_filename: {self.folder}/{name}, overwrite: true}}"

    def run(self, component: str, text: str, *options: str) -> subprocess.CompletedProcess[str]:
        """With a class of the folder `older`."""
        path = self.folder / "wca.yaml"
        path.write_text(text)
        path.chmod(0o600)
        return wca("run", "--root", "--no-lock", "-c", str(path), "-r", component, *options, PYTHONPATH=str(OLDER))

    def detect(self, component: str, detector: str, *options: str) -> subprocess.CompletedProcess[str]:
        text = f"""
runner: !DetectionRunner
  measurement_runner: {self.measuring}
  detector: {detector}
  anomalies_storage: {self.storage("anomalies")}
"""
        return self.run(component, text, *options)

    def allocate(self, component: str, allocator: str, *options: str) -> subprocess.CompletedProcess[str]:
        text = f"""
runner: !AllocationRunner
  measurement_runner: {self.measuring}
  restore_state_file: {self.folder}/journal
  allocator: {allocator}
  anomalies_storage: {self.storage("anomalies")}
  allocations_storage: {self.storage("allocations")}
"""
        return self.run(component, text, *options)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with real_cgroups_or_skip() as cgroups:
        node = Node(cgroups, tmp_path, cgroups.make("web"), cgroups.make("batch"))
        process = node.web.run("python3", "-c", f"{TOUCH}; import time; time.sleep(600)")
        assert first_line(process) == "there"
        yield node


def test_a_detector_of_the_first_generation_sees_what_the_kernel_counts(node: Node) -> None:
    ran = node.detect("first_detector:InstructionsDetector", "!InstructionsDetector {threshold: 1e7}", "--once")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    ((labels, memory),) = lines(node.folder, "anomalies", "older_memory").items()
    assert f'contended_task_id="{node.web.path.strip("/")}"' in labels
    assert 2e7 < memory < 8e7
    (pair,) = lines(node.folder, "anomalies", "anomaly")
    assert f'contending_task_id="{node.batch.path.strip("/")}"' in pair
    usage = lines(node.folder, "anomalies", "older_cpu_usage")
    assert max(usage.values()) > 1e6  # nanoseconds: the interpreter alone took more than a millisecond


def test_a_detector_of_the_second_generation_is_called_in_each_step(node: Node) -> None:
    ran = node.detect("second_detector:MemoryDetector", "!MemoryDetector {limit: 1e7}", "--count", "3")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert lines(node.folder, "anomalies", "anomaly_count").popitem()[1] == 3
    shares = lines(node.folder, "anomalies", "second_share")
    assert 0.5 < max(shares.values()) < 2.0
    assert 0.0 < lines(node.folder, "anomalies", "second_seconds").popitem()[1] < 60


def _quota(cgroup: Cgroup) -> float:
    """CPUs that a cgroup may use, as the kernel has it."""
    if cgroup.trees.version == 1:
        return int(cgroup.file("cpu.cfs_quota_us").read_text()) / int(cgroup.file("cpu.cfs_period_us").read_text())
    quota, period = cgroup.file("cpu.max").read_text().split()
    return int(quota) / int(period)


def test_an_allocator_of_the_first_generation_changes_what_it_was_handed(node: Node) -> None:
    allocator = "!HalfAllocator {label: task_name, value: BATCH}".replace("BATCH", node.batch.path.strip("/"))

    ran = node.allocate("first_allocator:HalfAllocator", allocator, "--count", "2")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert _quota(node.batch) == pytest.approx(0.25 * (os.cpu_count() or 1))
    assert sorted(lines(node.folder, "anomalies", "half_quota").values()) == [0.5, 1.0]


def test_an_allocator_of_the_second_generation_writes_what_it_wishes(node: Node) -> None:
    ran = node.allocate("second_allocator:PinAllocator", "!PinAllocator {cpus: {}, quota: 0.5}", "--once")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [_quota(cgroup) for cgroup in (node.web, node.batch)] == [0.5 * (os.cpu_count() or 1)] * 2
    assert lines(node.folder, "anomalies", "anomaly_count").popitem()[1] == 2


def test_what_ends_a_process_does_not_end_the_agent(node: Node) -> None:
    ran = node.detect("rude:Exiting", "!Exiting", "--count", "2")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Exiting.detect would have ended the process: SystemExit: 3" in ran.stdout
    assert lines(node.folder, "metrics", "task_up")
