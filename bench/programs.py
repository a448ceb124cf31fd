"""The two programs that are compared: the agent and the C floor, each for one cgroup full of tasks."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from bench.compiled import compiled
from bench.errors import BenchError
from bench.floor import description
from bench.paced import Program, running, wait_for_page

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
"""Collectors that are left out unless everything is measured."""


class Files(StrEnum):
    """What the agent reads."""

    REFERENCE = "reference"
    """The seven files of the original WCA, of each task."""
    ALL = "all"
    """All files of the cgroups of each task."""
    DEFAULT = "default"
    """All that it reads unless told otherwise: also pressure, and the files of the machine."""


def agent(folder: Path, directory: str, interval: float, files: Files, more: Sequence[str] = ()) -> Program:
    """The agent with its output in `folder`; `more` are further options of `wca run`."""
    output = folder / "agent.prom"
    fields = [
        *("static.tasks=[]", f"static.directory={directory}"),
        *(f"log.output_filename={output}", "log.overwrite=true", f"agent.interval={interval}"),
        *([f"cgroup.metrics=[{', '.join(REFERENCE)}]"] if files is Files.REFERENCE else []),
    ]
    wca = [sys.executable, "-c", "from wca_core.cli import main; main()"]
    options = ["--plugins=static,cgroup,log", *(f"--set={field}" for field in fields), "--log-level=warning"]
    options += [f"--without={name}" for name in NOT_COMPARED if files is not Files.DEFAULT]
    return Program([*wca, "run", "--root", "--no-lock", *options, *more], output)


def counted(program: Program, count: int) -> list[str]:
    """The command of an agent that ends after so many steps."""
    end = program.command.index("--root") + 1
    return [*program.command[:end], f"--count={count}", *program.command[end:]]


def floor(folder: Path, of: Program, count: int, directory: str, interval: float) -> Program:
    """The floor for what one step of this agent reads and writes."""
    with running(of) as process:
        wait_for_page(of, process)
        page = of.output.read_text()
        files = _open_files(process.pid)
    tasks = [f"{directory.strip('/')}/t{number:04d}" for number in range(count)]
    if page.count("\ntask_up{") != count:
        raise BenchError(f"the agent measured {page.count('task_up{')} of {count} tasks")
    told = folder / "floor.txt"
    told.write_text(description(page, tasks, [path for path in files if _is_of_no_cgroup(path)]))
    output = folder / "floor.prom"
    return Program([str(compiled("floor")), str(output), f"{interval}"], output, told)


def _open_files(pid: int) -> list[str]:
    """Kernel files that a process keeps open, in the order in which it opened them; not those that tell of itself."""
    numbers = sorted(map(int, os.listdir(f"/proc/{pid}/fd")))
    links = [os.readlink(f"/proc/{pid}/fd/{number}") for number in numbers]
    kept = [link for link in links if link.startswith(("/proc/", "/sys/")) and os.path.isfile(link)]
    return [link for link in kept if not link.startswith(f"/proc/{pid}/")]


def _is_of_no_cgroup(path: str) -> bool:
    """Or of which nothing is looked up: those that are looked into are told one by one."""
    return path.endswith(".pressure") or not path.startswith("/sys/fs/cgroup/")
