"""What this kernel tells of memory management, pressure, processes and threads, beside a second, simple reading of it.

Sizes move while one looks, so only what cannot fall is held between two readings; of the rest the names are compared.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.cgroups import Cgroup, Cgroups, Trees, first_line, is_removed, real_cgroups_or_skip, wait_until
from wca_core.agent import Step
from wca_core.builtin.pressure.metrics import Pressure
from wca_core.builtin.processes import PidCounts
from wca_core.builtin.sched import Sched
from wca_core.builtin.vmstat import FIXED, Vmstat
from wca_core.builtin.working_set.metrics import WorkingSet
from wca_core.builtin.zoneinfo import Zoneinfo
from wca_core.host import Host
from wca_core.testing import make_task, run_step, running

pytestmark = [pytest.mark.root, pytest.mark.vm]

MIB = 1 << 20
PYTHON = (sys.executable, "-I", "-S", "-c")
GROWING = ("pgfault", "pgalloc_normal", "pgfree", "pgmajfault", "numa_hit")
"""Of vmstat."""
STANDING = ("min", "low", "high", "spanned", "present", "managed")
"""Of zoneinfo: they change with the machine only."""

CROWDED = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
os.fork()
print("ready", flush=True)
while True: pass
"""
TOUCHING = """
import mmap, signal, time
pages = mmap.mmap(-1, 128 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
pages.madvise(mmap.MADV_NOHUGEPAGE)
def touch(size):
    for at in range(0, size, mmap.PAGESIZE): pages[at] = 1
def touch_half(*_):
    touch(64 << 20)
    print("touched", flush=True)
touch(128 << 20)
signal.signal(signal.SIGUSR1, touch_half)
print("ready", flush=True)
while True: time.sleep(1000)
"""
THREADED = """
import os, _thread, time
os.fork()
for _ in range(2): _thread.start_new_thread(time.sleep, (1000,))
time.sleep(0.2)
print("ready", flush=True)
time.sleep(1000)
"""


@pytest.fixture
def cgroups() -> Iterator[Cgroups]:
    with real_cgroups_or_skip() as made:
        yield made


@pytest.fixture
def unified() -> Iterator[Cgroup]:
    """A cgroup in the unified tree, without controllers, also where others are on v1."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    points = [Path(point) for _, point, kind, *_ in mounts if kind == "cgroup2"]
    if os.geteuid() != 0 or not points:
        pytest.skip("root and a cgroup2 mount are needed")
    path = f"/wca-test-{os.getpid()}-{secrets.token_hex(3)}"
    cgroup = Cgroup(Trees(2, {"unified": points[0]}), path)
    cgroup.make()
    try:
        yield cgroup
    finally:
        cgroup.remove()


def by_levels(step: Step, name: str, task: str | None = None) -> dict[tuple[str, ...], float]:
    return {
        one.series.level_values: one.value
        for one in step.samples
        if one.name == name and one.labels.get("task_id") == task
    }


def vmstat(path: str) -> dict[str, int]:
    return {key: int(value) for key, value in (line.split() for line in Path(path).read_text().splitlines())}


def node_vmstats() -> dict[tuple[str, str], int]:
    files = Path("/sys/devices/system/node").glob("node*/vmstat")
    return {(file.parent.name[4:], key): value for file in files for key, value in vmstat(str(file)).items()}


def zoneinfo() -> dict[tuple[str, ...], float]:
    found = {}
    node = zone = in_force = ""
    for line in Path("/proc/zoneinfo").read_text().splitlines():
        words = line.split()
        if words[0] == "Node":
            node, zone = words[1].strip(","), words[3]
            in_force = zone
        elif words[0] == "per-node":
            in_force = "per-node-stats"
        elif words[0] == "pages":
            in_force = zone
            found[node, zone, words[1]] = float(words[2])
        elif len(words) == 2 and words[0].replace("_", "").isalpha() and words[1].isdigit():
            found[node, in_force, words[0]] = float(words[1])
    return found


def between(before: float, value: float, after: float) -> bool:
    return before <= value <= after


def test_every_field_of_vmstat_is_measured_as_the_file_says() -> None:
    with running(Host(), [Vmstat()]) as agent:
        for _ in range(3):  # looked through, then by place
            before, step, after = vmstat("/proc/vmstat"), agent.step(), vmstat("/proc/vmstat")

            found = by_levels(step, "platform_vmstat")
            assert {key for (key,) in found} == before.keys()
            for key in before.keys() & GROWING:
                assert between(before[key], found[key,], after[key]), key
            for key in before.keys() & FIXED:
                value = by_levels(step, FIXED[key].name)[()]
                assert between(before[key], value, after[key]), key


def test_every_field_of_vmstat_of_each_node_is_measured_as_the_file_says() -> None:
    with running(Host(), [Vmstat()]) as agent:
        for _ in range(2):
            before, step, after = node_vmstats(), agent.step(), node_vmstats()

            found = by_levels(step, "platform_node_vmstat")
            assert found.keys() == before.keys()
            for place in before:
                if place[1] in GROWING:
                    assert between(before[place], found[place], after[place]), place


def test_every_zone_is_measured_as_the_file_says() -> None:
    with running(Host(), [Zoneinfo()]) as agent:
        for _ in range(2):
            truth, step = zoneinfo(), agent.step()

            found = by_levels(step, "platform_zoneinfo")
            assert found.keys() == truth.keys()
            standing = {place: value for place, value in truth.items() if place[2] in STANDING}
            assert len(standing) >= len(STANDING)
            assert {place: found[place] for place in standing} == standing


def stalls(form: str) -> dict[tuple[str, ...], float]:
    """Seconds lost by resource and kind."""
    found = {}
    for resource in ("cpu", "memory", "io", "irq"):
        file = Path(form.format(resource))
        for line in file.read_text().splitlines() if file.exists() else ():
            kind, *_, last = line.split()
            found[resource, kind] = int(last.removeprefix("total=")) / 1e6
    return found


def psi_or_skip() -> None:
    if not Path("/proc/pressure").exists():
        pytest.skip("the kernel tells of no pressure (CONFIG_PSI, psi=1)")


def test_pressure_of_the_machine_lies_between_two_readings_of_the_files() -> None:
    psi_or_skip()

    with running(Host(), [Pressure()]) as agent:
        for _ in range(3):
            before, step, after = stalls("/proc/pressure/{}"), agent.step(), stalls("/proc/pressure/{}")

            found = by_levels(step, "platform_pressure_stall_seconds")
            assert found.keys() == before.keys() - {("cpu", "full")}
            assert all(between(before[place], found[place], after[place]) for place in found)
            averages = by_levels(step, "platform_pressure_avg_percent")
            assert {place[:2] for place in averages} == found.keys()
            assert all(0 <= value <= 100 for value in averages.values())


def test_two_programs_that_share_one_cpu_wait_for_it_all_the_time(unified: Cgroup) -> None:
    psi_or_skip()
    first_line(unified.run(*PYTHON, CROWDED))
    files = f"{unified.directories[0]}/{{}}.pressure"

    with running(Host(), [Pressure()], [make_task(unified.path)]) as agent:
        started, first = time.monotonic(), agent.step()
        time.sleep(3)
        before, second, after = stalls(files), agent.step(), stalls(files)
        elapsed = time.monotonic() - started

    was, found = (by_levels(step, "task_pressure_stall_seconds", unified.path) for step in (first, second))
    assert found.keys() == before.keys()
    assert all(between(before[place], found[place], after[place]) for place in found)
    assert 0.5 * elapsed < found["cpu", "some"] - was["cpu", "some"] < 1.1 * elapsed
    assert found["cpu", "full"] - was["cpu", "full"] < 0.5 * elapsed
    assert by_levels(second, "task_pressure_avg_percent", unified.path)["cpu", "some", "10"] > 5


def test_pressure_goes_on_when_a_cgroup_is_made_anew_under_its_name(unified: Cgroup) -> None:
    psi_or_skip()
    first_line(unified.run(*PYTHON, CROWDED))

    with running(Host(), [Pressure()], [make_task(unified.path)]) as agent:
        agent.step()
        time.sleep(1)
        before = by_levels(agent.step(), "task_pressure_stall_seconds", unified.path)
        unified.remove()
        gone = by_levels(agent.step(), "task_pressure_stall_seconds", unified.path)
        unified.make()
        after = by_levels(agent.step(), "task_pressure_stall_seconds", unified.path)

    assert before["cpu", "some"] > 0.3
    assert gone == {}
    assert after == pytest.approx(before, abs=0.01)


def test_referenced_memory_is_what_was_touched_since_it_was_forgotten(cgroups: Cgroups) -> None:
    cgroup = cgroups.make("touching")
    process = cgroup.run(*PYTHON, TOUCHING)
    first_line(process)

    with running(
        Host(), [WorkingSet(wss_reset_cycles=1, wss_max_overhead_ratio=1.0)], [make_task(cgroup.path)]
    ) as agent:
        whole = agent.step()
        nothing = agent.step()
        process.send_signal(signal.SIGUSR1)
        first_line(process)
        half = agent.step()

    sizes = [by_levels(step, "task_wss_referenced_bytes", cgroup.path)[()] for step in (whole, nothing, half)]
    assert sizes[0] >= 128 * MIB
    assert sizes[1] < 4 * MIB
    assert sizes[2] == pytest.approx(64 * MIB, rel=0.05)
    assert by_levels(half, "task_wss_measure_overhead_seconds", cgroup.path)[()] > 0


def as_nobody(question: Callable[[], bool]) -> bool:
    """The answer of a child process without any privilege."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            os._exit(0 if question() else 1)
        finally:
            os._exit(2)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 1)
    return code == 0


def test_where_processes_may_not_be_looked_at_nothing_is_referenced_and_the_need_is_told(cgroups: Cgroups) -> None:
    cgroup = cgroups.make("foreign")
    first_line(cgroup.run("sh", "-c", "echo ready; exec sleep 1000"))
    plugin, host, tasks = WorkingSet(wss_reset_cycles=0), Host(), [make_task(cgroup.path)]

    def names() -> list[str]:
        host.known_tasks = {task.task_id: task for task in tasks}
        return [sample.name for sample in plugin.collect_metrics(tasks=tasks, host=host)]

    need = next(one for one in plugin.requirements() if "SYS_PTRACE" in one.need)
    assert need.is_met(host)
    assert as_nobody(lambda: not need.is_met(host))
    always = ["task_wss_measure_overhead_seconds", "task_measurement_errors"]
    assert as_nobody(lambda: names() == always)
    assert names() == ["task_wss_referenced_bytes", *always]


def test_processes_and_threads_of_a_task_are_counted(cgroups: Cgroups) -> None:
    cgroup = cgroups.make("threads")
    program = cgroup.run(*PYTHON, THREADED)
    assert [first_line(program), first_line(program)] == ["ready", "ready"]

    step = run_step(Host(), [PidCounts()], [make_task(cgroup.path)])

    assert step.value("task_processes") == 2
    assert step.value("task_threads") == 6


@pytest.fixture
def threaded(unified: Cgroup) -> Iterator[Cgroup]:
    """A cgroup with two processes of three threads each, one of which is in a threaded cgroup below."""
    if Host().hierarchies.v1:
        pytest.skip("tasks are looked for in the trees of v1 here")
    program = unified.run(*PYTHON, THREADED)
    assert [first_line(program), first_line(program)] == ["ready", "ready"]
    below = unified.directories[0] / "below"
    below.mkdir()
    (below / "cgroup.type").write_text("threaded")
    (below / "cgroup.threads").write_text(max(os.listdir(f"/proc/{program.pid}/task"), key=int))
    try:
        yield unified
    finally:
        unified.end()
        wait_until(partial(is_removed, str(below)), f"{below} cannot be removed")


def test_a_thread_in_a_threaded_cgroup_below_is_the_tasks_and_its_process_is_counted_once(threaded: Cgroup) -> None:
    with pytest.raises(OSError, match="not supported"):
        (threaded.directories[0] / "below/cgroup.procs").read_text()

    step = run_step(Host(), [PidCounts()], [make_task(threaded.path)])

    assert step.value("task_processes") == 2
    assert step.value("task_threads") == 6


def scheduled(pid: int) -> dict[str, float]:
    """The fields of all threads of a process, as sums."""
    sums: dict[str, float] = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        for line in Path(f"/proc/{thread}/sched").read_text().splitlines()[2:]:
            key, colon, value = line.partition(":")
            if colon and key.strip() != "clock-delta":  # what it costs to look at the clock just now
                sums[key.strip()] = sums.get(key.strip(), 0.0) + float(value)
    return sums


def still(pid: int, act: Callable[[], Step]) -> tuple[dict[str, float], Step]:
    """What the files of a stopped process say, and what `act` gave while they said it."""
    for _ in range(40):
        before, result = scheduled(pid), act()
        if before == scheduled(pid):
            return before, result
        time.sleep(0.1)
    raise AssertionError("the files of a stopped process do not come to rest")


def test_scheduler_statistics_are_the_sums_of_what_the_files_say(cgroups: Cgroups) -> None:
    if not Path("/proc/self/sched").exists():
        pytest.skip("the kernel was built without CONFIG_SCHED_DEBUG")
    cgroup = cgroups.make("sched")
    program = cgroup.run(*PYTHON, THREADED.replace("os.fork()", "pass"))
    first_line(program)
    cgroup.suspend()

    with running(Host(), [Sched(sched=True)], [make_task(cgroup.path)]) as agent:
        truth, step = still(program.pid, agent.step)

    found = {key: value for (key,), value in by_levels(step, "task_sched_stat", cgroup.path).items()}
    assert found.keys() - truth.keys() == {"clock-delta"}
    assert {key: found[key] for key in truth} == pytest.approx(truth)
    assert found["nr_switches"] >= 3
