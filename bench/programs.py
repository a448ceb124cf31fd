"""The two programs that are compared: the agent and the C floor, each for one cgroup full of tasks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.compiled import compiled
from bench.errors import BenchError
from bench.floor import description
from bench.paced import Program

REFERENCE = (
    "task_cpu_usage_seconds",
    "task_mem_usage_bytes",
    "task_mem_max_usage_bytes",
    "task_mem_limit_bytes",
    "task_mem_soft_limit_bytes",
    "task_mem_page_faults",
    "task_mem_numa_pages",
)
"""What the original WCA measures of a cgroup of v1: one metric of each of seven files."""

NOT_COMPARED = ("platform", "psi", "vmstat", "zoneinfo")
"""Collectors whose files the floor does not read."""


def agent(folder: Path, directory: str, interval: float, *, reference: bool) -> Program:
    """The agent with its output in `folder`: as it is, or with the files of the original WCA only."""
    output = folder / "agent.prom"
    fields = [
        *("static.tasks=[]", f"static.directory={directory}"),
        *(f"log.output_filename={output}", "log.overwrite=true", f"agent.interval={interval}"),
        *([f"cgroup.metrics=[{', '.join(REFERENCE)}]"] if reference else []),
    ]
    wca = [sys.executable, "-c", "from wca_core.cli import main; main()"]
    options = ["--plugins=static,cgroup,log", *(f"--set={field}" for field in fields), "--log-level=warning"]
    options += [f"--without={name}" for name in NOT_COMPARED]
    return Program([*wca, "run", "--root", "--no-lock", *options], output)


def counted(program: Program, count: int) -> list[str]:
    """The command of an agent that ends after so many steps."""
    end = program.command.index("--root") + 1
    return [*program.command[:end], f"--count={count}", *program.command[end:]]


def floor(folder: Path, of: Program, count: int, directory: str, interval: float) -> Program:
    """The floor for what one step of this agent reads and writes."""
    subprocess.run(counted(of, 1), check=True, stdin=subprocess.DEVNULL)
    page = of.output.read_text()
    tasks = [f"{directory.strip('/')}/t{number:04d}" for number in range(count)]
    if page.count("\ntask_up{") != count:
        raise BenchError(f"the agent measured {page.count('task_up{')} of {count} tasks")
    told = folder / "floor.txt"
    told.write_text(description(page, tasks))
    output = folder / "floor.prom"
    return Program([str(compiled("floor")), str(output), f"{interval}"], output, told)
