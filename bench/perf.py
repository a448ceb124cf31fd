"""`python -m bench perf`: what reading counters costs beside a C program that reads the same, and their memory.

Software events: every machine has them, and to the reader they are like any other. The C program opens the same
groups and scales and adds up what it reads; it ends there, as does what is called reading here. `a step` is all that
the plugin does, down to the samples.
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.cgroups import cgroups
from bench.compiled import compiled
from bench.errors import BenchError
from bench.paced import Pace, Program, measure
from bench.table import show, spread
from wca_core.host import Host
from wca_core.linux.files import raise_open_files_limit
from wca_core.testing import make_task

CONFIGS = {
    "task_page_faults": 2,
    "task_context_switches": 3,
    "task_cpu_migrations": 4,
    "task_task_clock_seconds": 1,
}
"""The numbers of the events, for the C program."""

WARM_UP = 3
PAUSE = 0.1
"""Seconds from one reading to the next: readings that follow at once find all in the caches of the CPU."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one round, for one group [us]."""

    reading: float
    step: float
    floor: float


def perf(counts: Sequence[int], rounds: int, steps: int) -> dict[int, float]:
    """Print the table; by number of tasks, how many times the C program's time reading takes, at worst."""
    raise_open_files_limit()
    ratios: dict[int, float] = {}
    rows = []
    found: dict[tuple[int, str], Sequence[Cost]] = {}
    with cgroups(counts) as parents:
        for count in counts:
            for state, wake in (("sleeping", False), ("woken", True)):
                costs = [_cost(parents[count], count, steps, wake=wake) for _ in range(rounds)]
                found[count, state] = costs
                rows.append(_row(count, state, costs))
                ratios[count] = max(ratios.get(count, 0.0), median(one.reading / one.floor for one in costs))
    show(("tasks", "they are", "reading us/group", "C us/group", "ratio", "a step us/group"), rows)
    for state in ("sleeping", "woken"):
        _show_growth(min(counts), max(counts), state, found)
    return ratios


def _show_growth(few: int, many: int, state: str, found: Mapping[tuple[int, str], Sequence[Cost]]) -> None:
    """What one group more costs: without what is fixed, above all waking up with cold caches."""
    if few == many:
        return
    sides = [
        [
            getattr(one, side) * many - getattr(other, side) * few
            for one, other in zip(found[many, state], found[few, state], strict=True)
        ]
        for side in ("reading", "floor")
    ]
    ours, theirs = (median(side) / (many - few) for side in sides)
    words = f"{state}, from {few} to {many} tasks: {ours:.2f} us for a group more"
    print(f"{words}, C {theirs:.2f}, ratio {ours / theirs:.2f}")


def memory(count: int) -> float:
    """Print what an agent of so many tasks holds with and without counters, and return the ratio."""
    with cgroups([count]) as parents, tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        runs = [
            measure(_agent(Path(folder) / f"{number}.prom", parents[count], names), Pace(4, 2, 2.0))
            for number, names in enumerate(((), tuple(CONFIGS)))
        ]
    without, with_counters = (run.resident_bytes for run in runs)
    sizes = [
        [name, f"{run.resident_bytes / 1e6:.1f}", str(run.files)] for name, run in zip(("no", "4"), runs, strict=True)
    ]
    show(("events", "MB", "files"), sizes)
    print(f"{count} tasks, {os.cpu_count()} CPUs: {with_counters / without:.2f} times the memory")
    return with_counters / without


def _row(count: int, state: str, costs: Sequence[Cost]) -> list[str]:
    columns = (
        [one.reading for one in costs],
        [one.floor for one in costs],
        [one.reading / one.floor for one in costs],
        [one.step for one in costs],
    )
    return [str(count), state, *(spread(column, 2) for column in columns)]


def _cost(directory: str, count: int, steps: int, *, wake: bool) -> Cost:
    paths = [f"{directory}/t{number:04d}" for number in range(count)]
    groups = count * len(Host().platform.online_cpus)
    prepare = _waker(paths) if wake else _nothing
    reading, step = _ours(paths, steps, prepare)
    return Cost(reading / groups, step / groups, _floor(paths, steps, prepare) / groups)


def _ours(paths: Sequence[str], steps: int, prepare: Callable[[], None]) -> tuple[float, float]:
    """Of reading and of a whole step [us of CPU time]."""
    from wca_rdt.perf.metrics import Perf  # a plugin: only who measures it needs it

    host, tasks = Host(), [make_task(path) for path in paths]
    host.known_tasks = {task.task_id: task for task in tasks}
    plugin = Perf(event_names=[*CONFIGS])
    plugin.start(host)
    gc.collect()
    gc.freeze()  # as the agent does
    try:
        deque(plugin.collect_metrics(tasks, host), 0)
        sweep = plugin.sweep
        if sweep is None or not all(state.counts for state in sweep.states):
            raise BenchError("not all tasks are counted (open files?)")
        reading = _median(steps, prepare, sweep.read)
        step = _median(steps, prepare, lambda: deque(plugin.collect_metrics(tasks, host), 0))
    finally:
        plugin.stop()
        gc.unfreeze()
    return reading, step


def _median(steps: int, prepare: Callable[[], None], work: Callable[[], object]) -> float:
    used = []
    for _ in range(WARM_UP + steps):
        prepare()
        time.sleep(PAUSE)
        before = time.thread_time_ns()
        work()
        used.append((time.thread_time_ns() - before) / 1e3)
    return median(used[WARM_UP:])


def _floor(paths: Sequence[str], steps: int, prepare: Callable[[], None]) -> float:
    root = Host().hierarchies.unified
    if root is None:
        raise BenchError("no unified cgroup tree, by which the kernel counts here")
    with _counters() as (ask, tell):
        tell("".join(f"{root.at(path)}\n" for path in paths) + "\n")
        if ask() != "ready":
            raise BenchError("the C program could not open the counters; see above")
        used = []
        for _ in range(WARM_UP + steps):
            prepare()
            time.sleep(PAUSE)
            tell("\n")
            used.append(float(ask()))
    return median(used[WARM_UP:])


@contextmanager
def _counters() -> Iterator[tuple[Callable[[], str], Callable[[str], None]]]:
    """The C program: what it says, and what it is told."""
    cpus = Host().platform.online_cpus
    command = [str(compiled("counters")), str(len(cpus)), *map(str, CONFIGS.values())]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def tell(text: str) -> None:
        stdin.write(text)
        stdin.flush()

    try:
        yield lambda: stdout.readline().strip(), tell
    finally:
        stdin.close()
        process.wait()
        stdout.close()


def _waker(paths: Sequence[str]) -> Callable[[], None]:
    """Lets every process run for a moment: to be stopped and to go on."""
    root = Host().hierarchies.unified
    assert root is not None
    pids = [int(word) for path in paths for word in Path(root.at(path), "cgroup.procs").read_text().split()]

    def wake() -> None:
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for pid in pids:
                os.kill(pid, number)
            time.sleep(PAUSE / 2)

    return wake


def _nothing() -> None:
    pass


def _agent(output: Path, directory: str, names: Sequence[str]) -> Program:
    fields = [
        *("static.tasks=[]", f"static.directory={directory}", f"perf.event_names=[{', '.join(names)}]"),
        *(f"log.output_filename={output}", "log.overwrite=true", "agent.interval=2"),
    ]
    wca = [sys.executable, "-c", "from wca_core.cli import main; main()", "run", "--root", "--no-lock"]
    return Program(
        [*wca, "--plugins=static,perf,log", *(f"--set={one}" for one in fields), "--log-level=warning"], output
    )
