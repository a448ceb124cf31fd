"""`python -m bench syscalls`: how many system calls a step makes, and how many of them for each task.

Counted by strace, not timed, so the result is the same on a busy machine. Two runs that differ only in the
number of steps tell what a step costs; the same without tasks tells what of that is for the tasks.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bench.cgroups import cgroups
from bench.errors import BenchError
from bench.floor import files_of
from bench.paced import Program
from bench.programs import REFERENCE, Files, agent, counted
from bench.table import show
from wca_core.builtin.cgroup.descriptions import CGROUP_METRICS

FEWER, MORE = 4, 14
"""Steps of the two runs; the first few also grow the heap."""


@dataclass(frozen=True, slots=True)
class Calls:
    """System calls of one step, by name."""

    per_task: dict[str, float]
    without_tasks: dict[str, float]
    files: int
    """That are read of each task."""


def syscalls(tasks: int, files: Files) -> None:
    """Count and print."""
    calls = count_calls(tasks, files)
    names = sorted({*calls.per_task, *calls.without_tasks}, key=lambda name: -calls.per_task.get(name, 0))
    parts = (calls.per_task, calls.without_tasks)
    rows = [[name, *(f"{part.get(name, 0):.2f}" for part in parts)] for name in names]
    rows.append(["all", *(f"{sum(part.values()):.2f}" for part in parts)])
    show(("system call", "a task and step", "a step without tasks"), rows)
    print(f"files read of each task: {calls.files}")


def count_calls(tasks: int, files: Files = Files.ALL) -> Calls:
    """Run the agent four times under strace. Raises `BenchError` without strace or cgroups."""
    if shutil.which("strace") is None:
        raise BenchError("strace is not installed (apt-get install strace)")
    with cgroups([0, tasks]) as parents, tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        per_step = {
            count: _per_step(agent(Path(folder), directory, 0.0, files)) for count, directory in parents.items()
        }
        metrics = set(REFERENCE) if files is Files.REFERENCE else {metric.name for metric in CGROUP_METRICS}
        of_first = files_of(f"{parents[tasks].strip('/')}/t0000", metrics)
    names = {*per_step[0], *per_step[tasks]}
    per_task = {name: (per_step[tasks].get(name, 0) - per_step[0].get(name, 0)) / tasks for name in names}
    kept = {name: calls for name, calls in per_task.items() if calls}
    return Calls(kept, per_step[0], len(of_first))


def _per_step(program: Program) -> dict[str, float]:
    fewer, more = (_traced(counted(program, steps)) for steps in (FEWER, MORE))
    return {name: (more[name] - fewer[name]) / (MORE - FEWER) for name in more if more[name] != fewer[name]}


def _traced(command: list[str]) -> Counter[str]:
    """All system calls of a program by name."""
    with tempfile.NamedTemporaryFile("r", dir="/dev/shm") as summary:
        strace = ["strace", "-f", "-c", "-U", "calls,name", "-o", summary.name]
        ended = subprocess.run(
            [*strace, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if ended.returncode != 0:
            raise BenchError(f"{' '.join(command)} under strace ended with {ended.returncode}:\n{ended.stderr}")
        fields = [line.split() for line in summary]
    return Counter(
        {words[1]: int(words[0]) for words in fields if len(words) == 2 and words[0].isdigit() and words[1] != "total"}
    )
