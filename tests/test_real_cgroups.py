"""The agent measures real cgroups, v1 on this machine or v2 in the virtual one, as the kernel's files say.

Exact where nothing moves: the processes are stopped, and a second reading after the step must equal the
one before it. Between two readings where something does.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.cgroups import Cgroup, Cgroups, first_line, open_files_below, real_cgroups_or_skip, wait_until
from tests.kernel_truth import NO_LIMIT, Reading, read_truth
from tests.measuring import BUSY, MIB, NAMES, PYTHON, SLEEPING, measured, of_still, set_limit, static_node
from wca_core.agent import Agent, Step
from wca_core.builtin.cgroup.descriptions import CGROUP_METRICS
from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.builtin.local.node import LocalNode
from wca_core.builtin.static_node import StaticNode
from wca_core.host import Host
from wca_core.linux.cgroup import Mode
from wca_core.model.metric import MetricType
from wca_core.model.task import Task
from wca_core.testing import make_task, run_step, running

pytestmark = [pytest.mark.root, pytest.mark.vm]

NOT_ON_V1 = {"task_mem_low_bytes", "task_mem_min_bytes"}
ONLY_WITH_A_LIMIT = {"task_cpu_limit_cpus", "task_pids_limit"}
COUNTERS = {metric.name for metric in CGROUP_METRICS if metric.type is MetricType.COUNTER}

BURNING = """
import time
while time.process_time() < 1.0: pass
print(time.process_time(), flush=True)
time.sleep(1000)
"""
HOLDING = """
import mmap, sys, time
pages = mmap.mmap(-1, 64 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for at in range(0, 64 << 20, mmap.PAGESIZE): pages[at] = 1
with open(sys.argv[1], "wb") as file: file.write(bytes(8 << 20))
print("ready", flush=True)
time.sleep(1000)
"""


@pytest.fixture
def cgroups() -> Iterator[Cgroups]:
    with real_cgroups_or_skip() as made:
        yield made


@pytest.fixture
def three(cgroups: Cgroups, tmp_path: Path) -> list[Cgroup]:
    """Cgroups with a sleeping program, a busy one, and one that holds 64 MiB and 8 MiB of a file."""
    sleeping, busy, holding = (cgroups.make(name) for name in ("sleeping", "busy", "holding"))
    first_line(sleeping.run(*SLEEPING))
    first_line(busy.run(*BUSY))
    first_line(holding.run(*PYTHON, HOLDING, str(tmp_path / "file")))
    return [sleeping, busy, holding]


def test_every_metric_of_a_stopped_task_is_what_the_kernels_files_say(three: list[Cgroup]) -> None:
    set_limit(three[2], 512 * MIB, 256 * MIB)
    if three[2].trees.version == 2:
        three[2].file("memory.low").write_text(str(2 * MIB))
        three[2].file("memory.min").write_text(str(MIB))
    for cgroup in three:
        cgroup.suspend()

    with running(Host(), [static_node(three), CgroupMetrics()]) as agent:
        truth, step = of_still(three, agent.step)

    assert {cgroup.path: measured(step, cgroup.path) for cgroup in three} == truth
    holding = truth[three[2].path]
    assert holding["task_mem_anon_bytes", ""] >= 64 * MIB
    assert holding["task_mem_file_bytes", ""] >= 8 * MIB
    assert holding["task_mem_limit_bytes", ""] == 512 * MIB
    assert holding["task_mem_soft_limit_bytes", ""] == 256 * MIB
    assert truth[three[0].path]["task_mem_limit_bytes", ""] == NO_LIMIT
    assert truth[three[1].path]["task_cpu_usage_seconds", ""] > truth[three[0].path]["task_cpu_usage_seconds", ""]


def test_no_metric_is_missing_that_this_version_of_cgroups_offers(three: list[Cgroup]) -> None:
    step = run_step(Host(), [static_node(three), CgroupMetrics()]).step

    offered = NAMES - ONLY_WITH_A_LIMIT - (NOT_ON_V1 if three[0].trees.version == 1 else set())
    for cgroup in three:
        assert {name for name, _ in measured(step, cgroup.path)} == offered
        assert {name for name, _ in read_truth(cgroup)} == offered


def test_counters_of_a_busy_task_lie_between_two_readings_of_the_files(three: list[Cgroup]) -> None:
    busy = three[1]
    with running(Host(), [static_node(three), CgroupMetrics()]) as agent:
        agent.step()
        for _ in range(3):
            before, step, after = read_truth(busy), agent.step(), read_truth(busy)

            values = {key: value for key, value in measured(step, busy.path).items() if key[0] in COUNTERS}
            assert {name for name, _ in values} == COUNTERS
            for key, value in values.items():
                assert before[key] <= value <= after[key], key
            wait_until(partial(has_worked, busy, after), "a busy cgroup uses no CPU")


def has_worked(cgroup: Cgroup, since: Reading) -> bool:
    return read_truth(cgroup)["task_cpu_usage_seconds", ""] > since["task_cpu_usage_seconds", ""] + 0.05


def test_cpu_seconds_are_those_that_the_program_says_it_has_used(cgroups: Cgroups) -> None:
    cgroup = cgroups.make("burning")
    used = float(first_line(cgroup.run(*PYTHON, BURNING)))

    step = run_step(Host(), [static_node([cgroup]), CgroupMetrics()]).step

    seconds = {name: value for (name, _), value in measured(step, cgroup.path).items() if "_cpu_" in name}
    assert seconds["task_cpu_usage_seconds"] == pytest.approx(used, rel=0.1)
    assert seconds["task_cpu_user_seconds"] + seconds["task_cpu_system_seconds"] == pytest.approx(used, rel=0.1)


def test_a_task_of_two_containers_is_their_sum_without_what_else_its_pod_holds(cgroups: Cgroups) -> None:
    containers = [cgroups.make("pod/first"), cgroups.make("pod/second")]
    other = cgroups.make("pod/pause")
    for cgroup in (*containers, other):
        first_line(cgroup.run(*SLEEPING))
        set_limit(cgroup, 64 * MIB, 32 * MIB)
        cgroup.suspend()
    task = make_task(f"{cgroups.parent}/pod", *(cgroup.path for cgroup in containers))

    truth, step = of_still(containers, lambda: run_step(Host(), [CgroupMetrics()], [task]).step)

    first, second = truth.values()
    expected = {key: first[key] + second[key] for key in first}
    expected["task_mem_swap_limit_bytes", ""] = NO_LIMIT
    assert measured(step, task.task_id) == pytest.approx(expected, rel=1e-12)
    assert expected["task_mem_limit_bytes", ""] == 128 * MIB


def test_a_task_with_one_unlimited_container_is_unlimited(cgroups: Cgroups) -> None:
    limited, unlimited = cgroups.make("pod/limited"), cgroups.make("pod/unlimited")
    set_limit(limited, 64 * MIB, 32 * MIB)
    task = make_task(f"{cgroups.parent}/pod", limited.path, unlimited.path)

    step = run_step(Host(), [CgroupMetrics()], [task])

    assert step.values("task_mem_limit_bytes") == {task.task_id: NO_LIMIT}
    assert step.values("task_mem_soft_limit_bytes") == {task.task_id: NO_LIMIT}


def steps_around(agent: Agent, act: Callable[[], object]) -> tuple[Step, Step]:
    before = agent.step()
    act()
    return before, agent.step()


def test_a_removed_cgroup_has_no_samples_and_is_no_failure(cgroups: Cgroups) -> None:
    gone, kept = cgroups.make("gone"), cgroups.make("kept")
    tasks = [make_task(gone.path), make_task(kept.path)]

    with running(Host(), [CgroupMetrics()], tasks) as agent:
        before, after = steps_around(agent, gone.remove)

        assert measured(before, gone.path)
        assert [sample for sample in after.samples if sample.labels.get("task_id") == gone.path] == []
        assert measured(after, kept.path)
        assert agent.host.statistics.plugin("cgroup").up


def test_counters_go_on_when_a_cgroup_is_made_anew_under_its_name(cgroups: Cgroups) -> None:
    cgroup = cgroups.make("again")
    first_line(cgroup.run(*PYTHON, BURNING))

    def make_anew() -> None:
        cgroup.remove()
        cgroup.make()
        first_line(cgroup.run(*SLEEPING))
        cgroup.suspend()

    with running(Host(), [CgroupMetrics()], [make_task(cgroup.path)]) as agent:
        before, _ = steps_around(agent, make_anew)
        truth, after = of_still([cgroup], agent.step)

    was, new, found = measured(before, cgroup.path), truth[cgroup.path], measured(after, cgroup.path)
    for key in (key for key in was if key[0] in COUNTERS):
        assert found[key] == pytest.approx(was[key] + new[key], rel=1e-12), key


def test_files_of_a_cgroup_are_closed_when_its_task_is_gone(cgroups: Cgroups) -> None:
    made = [cgroups.make(f"number-{number}") for number in range(5)]
    tasks = [make_task(cgroup.path) for cgroup in made]
    host = Host()

    with running(host, [StaticNode(tasks=[], directory=cgroups.parent), CgroupMetrics()]) as agent:
        agent.step()
        opened, budgeted = open_files_below(cgroups.parent), host.open_files.count
        for cgroup in made[1:]:
            cgroup.remove()
        step = agent.step()

        assert [task.cgroup_path for task in step.tasks] == [tasks[0].cgroup_path]
        assert open_files_below(cgroups.parent) == opened // 5 > 0
        assert host.open_files.count == budgeted - opened // 5 * 4
    assert open_files_below(cgroups.parent) == 0


def test_every_cgroup_with_processes_is_found_without_being_named(three: list[Cgroup]) -> None:
    tasks: list[Task] = list(LocalNode().discover_tasks(host=Host()))

    assert {cgroup.path for cgroup in three} <= {task.cgroup_path for task in tasks}


def test_the_mode_is_told_from_what_is_mounted() -> None:
    kinds = {line.split()[2] for line in Path("/proc/self/mounts").read_text().splitlines()}
    modes = {frozenset({"cgroup"}): Mode.V1, frozenset({"cgroup2"}): Mode.V2}
    expected = modes.get(frozenset(kinds & {"cgroup", "cgroup2"}), Mode.HYBRID)

    assert Host().hierarchies.mode is expected


CONFIGURATION = """
runner: !MeasurementRunner
  node: !StaticNode {{tasks: [{path}]}}
  metrics_storage: !LogStorage {{output_filename: {output}, overwrite: true}}
"""


def test_the_machine_may_be_seen_below_another_root(cgroups: Cgroups, tmp_path: Path) -> None:
    """As in a container: the whole of / is bound below a directory, in a mount namespace that ends with the agent."""
    cgroup = cgroups.make("elsewhere")
    first_line(cgroup.run(*SLEEPING))
    cgroup.suspend()
    configuration, output, root = tmp_path / "wca.yaml", tmp_path / "metrics", tmp_path / "host"
    configuration.write_text(CONFIGURATION.format(path=cgroup.path, output=output))
    root.mkdir()
    wca = str(Path(sys.executable).with_name("wca"))
    script = 'mount --rbind / "$0" && exec "$@"'
    arguments = [wca, "run", "--root", "--no-lock", "--once", "--host-root", str(root), "-c", str(configuration)]

    def run() -> None:
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, str(root), *arguments]
        subprocess.run(command, check=True, timeout=100)

    truth, _ = of_still([cgroup], run)

    lines = [line.rpartition(" ") for line in output.read_text().splitlines() if cgroup.path in line]
    values = {left.partition("{")[0]: float(value) for left, _, value in lines if "numa_node" not in left}
    plain = {name: value for (name, node), value in truth[cgroup.path].items() if not node}
    assert {name: values[name] for name in plain} == plain
