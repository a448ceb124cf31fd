"""The agent as a process with the documented static allocations on real cgroups of the kernel.

v1 on this machine. What the kernel makes of the values is measured by `test_real_allocation`; here it is the agent's
doing: both forms, the dry run, the end by SIGTERM, by `kill -9`, and the agent after that.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cgroups import Cgroup, Cgroups, real_cgroups_or_skip, wait_until
from tests.command import wca

pytestmark = [pytest.mark.root]

FILES = ("cpu.shares", "cpu.cfs_quota_us", "cpu.cfs_period_us")
INTERVAL = 0.05


@dataclass
class Node:
    """Two tasks, and an agent that allocates to them by rules."""

    cgroups: Cgroups
    folder: Path
    tasks: dict[str, Cgroup]

    def configuration(self, rules: str, fields: str = "") -> str:
        """The documented form, with these fields of the AllocationRunner."""
        tasks = ", ".join(cgroup.path.strip("/") for cgroup in self.tasks.values())
        storage = f"!LogStorage {{output_filename: {self.folder}/"
        path = self.folder / "wca.yaml"
        path.write_text(
            f"""
runner: !AllocationRunner
  measurement_runner: !MeasurementRunner
    node: !StaticNode {{tasks: [{tasks}]}}
    interval: {INTERVAL}
    metrics_storage: {storage}metrics, overwrite: true}}
    allocation_configuration: !AllocationConfiguration {{cpu_quota_period: 100000}}
  restore_state_file: {self.journal}
  audit_log: {self.folder}/audit
{fields}
  allocator: !StaticAllocator
    rules:
{rules}
  anomalies_storage: {storage}anomalies, overwrite: true}}
  allocations_storage: {storage}allocations, overwrite: true}}
"""
        )
        path.chmod(0o600)
        return str(path)

    @property
    def journal(self) -> Path:
        return self.folder / "journal"

    @property
    def cpus(self) -> int:
        return os.cpu_count() or 1

    def state(self) -> dict[str, bytes]:
        """Every file that is written here, byte for byte."""
        return {f"{name}/{file}": self.tasks[name].file(file).read_bytes() for name in self.tasks for file in FILES}

    def run(self, configuration: str, *options: str) -> subprocess.CompletedProcess[str]:
        return wca("run", "--root", "--no-lock", "-c", configuration, *options)

    def started(self, configuration: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", "from wca_core.cli import main; main()", "run", "--root", "--no-lock", "-c"]
        return subprocess.Popen([*command, configuration], stdout=subprocess.DEVNULL)

    def has_told(self) -> bool:
        """Whether a step has ended."""
        return (self.folder / "allocations").exists() and self.value("allocations_count") is not None

    def value(self, metric: str, task: str = "", **labels: str) -> float | None:
        """Of the newest step in the file of allocations."""
        wanted = [f'{name}="{value}"' for name, value in labels.items()]
        wanted += [f'task="{self.tasks[task].path.strip("/")}"'] if task else []
        for line in (self.folder / "allocations").read_text().splitlines():
            if line.startswith((f"{metric}{{", f"{metric} ")) and all(one in line for one in wanted):
                return float(line.rpartition("}")[2].split()[0])
        return None


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with real_cgroups_or_skip() as cgroups:
        if cgroups.trees.version != 1:
            pytest.skip("cgroup v1 is not mounted here; v2 is tested in the virtual machine")
        yield Node(cgroups, tmp_path, {name: cgroups.make(name) for name in ("web", "batch")})


RULES = """
      - name: everything
        allocations: {cpu_shares: 2.0}
      - name: batch jobs
        labels: {task_name: ".*batch"}
        allocations: {cpu_quota: 0.25}
"""


def test_the_documented_example_is_in_force_after_one_step_and_stays(node: Node) -> None:
    quota = int(0.25 * 100000 * (os.cpu_count() or 1))
    configuration = node.configuration(RULES)

    first = node.run(configuration, "--once")
    second = node.run(configuration, "--count", "3")

    assert (first.returncode, second.returncode) == (0, 0), first.stdout + second.stdout
    assert node.tasks["batch"].file("cpu.cfs_quota_us").read_text() == f"{quota}\n"
    assert node.tasks["web"].file("cpu.cfs_quota_us").read_text() == "-1\n"
    assert {one.file("cpu.shares").read_text() for one in node.tasks.values()} == {"2000\n"}
    assert (node.value("allocation_cpu_quota", "batch"), node.value("allocation_cpu_quota", "web")) == (0.25, 1.0)
    assert node.value("allocation_cpu_shares", "web") == 2.0
    assert node.value("allocations_count") == 6
    assert node.value("allocations_writes", type="cpu_quota") == 0  # all was as wished


def test_a_dry_run_touches_nothing_and_says_what_it_would_do(node: Node) -> None:
    before = node.state()

    ran = node.run(node.configuration(RULES), "--once", "--dry-run")

    assert ran.returncode == 0, ran.stdout
    assert node.state() == before
    assert node.value("allocation_cpu_quota", "batch") == 1
    assert node.value("allocation_planned_cpu_quota", "batch") == 0.25
    assert "cpu_quota of" in ran.stdout
    assert "is not written" in ran.stdout
    results = [json.loads(line)["result"] for line in (node.folder / "audit").read_text().splitlines()]
    assert set(results) == {"dry_run"}


def test_after_sigterm_every_file_is_as_before_byte_for_byte(node: Node) -> None:
    before = node.state()
    process = node.started(node.configuration(RULES, "  restore_on_exit: managed"))
    wait_until(lambda: node.state() != before and node.has_told(), "nothing is written")

    process.send_signal(signal.SIGTERM)

    assert process.wait(60) == 0
    assert node.state() == before
    assert not node.journal.exists()


def test_after_a_kill_and_a_restart_the_end_of_the_next_agent_puts_all_back(node: Node) -> None:
    before = node.state()
    configuration = node.configuration(RULES, "  restore_on_exit: managed")
    process = node.started(configuration)
    wait_until(lambda: node.state() != before and node.has_told(), "nothing is written")
    process.kill()
    process.wait()
    during = node.state()

    ran = node.run(configuration, "--count", "2")

    assert during != before
    assert ran.returncode == 0, ran.stdout
    assert node.state() == before


def test_after_a_kill_wca_restore_puts_all_back(node: Node) -> None:
    before = node.state()
    process = node.started(node.configuration(RULES))
    wait_until(lambda: node.state() != before and node.has_told(), "nothing is written")
    process.kill()
    process.wait()

    restored = wca("restore", "--state-file", str(node.journal))

    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert node.state() == before


def test_what_a_node_agent_rewrites_is_written_again_and_told(node: Node) -> None:
    quota = node.tasks["batch"].file("cpu.cfs_quota_us")
    process = node.started(node.configuration(RULES, "  reconcile: each_iteration\n  restore_on_exit: managed"))
    try:
        wait_until(lambda: quota.read_text() != "-1\n" and node.has_told(), "nothing is written")
        quota.write_text("-1")
        wait_until(lambda: node.value("allocations_drift", type="cpu_quota") == 1, "no drift is told")
        assert quota.read_text() != "-1\n"
    finally:
        process.terminate()
        process.wait(60)

    assert quota.read_text() == "-1\n"


def test_a_wish_for_a_cpu_that_is_not_there_costs_the_whole_step(node: Node) -> None:
    before = node.state()
    web = node.tasks["web"].path.strip("/")
    rules = f"{RULES}      - {{task_id: {web}, allocations: {{cpuset_cpus: '4000'}}}}\n"

    ran = node.run(node.configuration(rules), "--once")

    assert ran.returncode == 0
    assert node.state() == before
    assert node.value("allocations_errors") == 1
    assert "invalid allocation of plugin static-allocator: cpuset_cpus" in ran.stdout


def test_the_short_form_brings_what_writes_with_it(node: Node) -> None:
    rules = node.folder / "rules.yaml"
    rules.write_text("- allocations: {cpu_shares: 3.0}\n")
    rules.chmod(0o600)
    tasks = ",".join(cgroup.path.strip("/") for cgroup in node.tasks.values())

    ran = wca(
        *("run", "--root", "--no-lock", "--once", "--plugins", "static,static-allocator,log"),
        *("--set", f"static.tasks=[{tasks}]", "--set", f"static-allocator.config={rules}"),
        *("--set", f"log.output_filename={node.folder}/log", "--set", f"agent.restore_state_file={node.journal}"),
    )

    assert ran.returncode == 0, ran.stdout
    assert {one.file("cpu.shares").read_text() for one in node.tasks.values()} == {"3000\n"}
