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

CONFIGURATION = """\
runner: !MeasurementRunner
  node: !StaticNode
    tasks: []
    directory: {directory}
  metrics_storage: !LogStorage
    output_filename: {output}
    overwrite: true
  interval: {interval}
"""


def agent(folder: Path, directory: str, interval: float, *, reference: bool) -> Program:
    """The agent with a configuration in `folder`: as it is, or with the files of the original WCA only."""
    output = folder / "agent.prom"
    if reference:
        options = [f"--directory={directory}", f"--output={output}", f"--interval={interval}"]
        return Program([sys.executable, "-m", "bench.agent", *options, *REFERENCE], output)
    configuration = folder / "wca.yaml"
    configuration.write_text(CONFIGURATION.format(directory=directory, output=output, interval=interval))
    wca = [sys.executable, "-c", "from wca_core.cli import main; main()"]
    return Program([*wca, "run", "--root", f"--config={configuration}", "--log-level=warning"], output)


def counted(program: Program, count: int) -> list[str]:
    """The command of an agent that ends after so many steps."""
    end = program.command.index("--root") + 1 if "--root" in program.command else 3
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
