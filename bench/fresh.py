"""`python -m bench fresh`: how old the samples of a step are when they are stored, and how long they are read.

| figure | from | to |
|---|---|---|
| age | `task_last_seen`, before the first read | the page's time of modification |
| reading | the beginning of the cgroup collector's call | its end: first to last read, and the parsing between |

Both are times of a clock on the wall, so a busy machine makes them longer: they are upper bounds.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from bench.cgroups import cgroups
from bench.paced import Pace, Program, running, wait_for_page
from bench.programs import Files, agent
from bench.table import show, spread

LAST_SEEN = re.compile(r"^task_last_seen\{.*\} (\S+)$", re.MULTILINE)
READING = re.compile(
    r'^wca_plugin_duration_seconds\{.*hook="collect_metrics".*plugin="cgroup".*\} (\S+)$', re.MULTILINE
)
WARM_UP = 3


def fresh(tasks: Sequence[int], rounds: int, steps: int) -> None:
    """Measure and print, for the reference's files and all files."""
    rows = []
    with cgroups(tasks) as parents, tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for count, directory in parents.items():
            for files in (Files.REFERENCE, Files.ALL):
                program = agent(Path(folder), directory, 1.0, files)
                runs = [_figures(program, Pace(steps, WARM_UP)) for _ in range(rounds)]
                ages, readings = zip(*runs, strict=True)
                rows.append([str(count), files.value, spread(ages, 1), spread(readings, 1)])
    show(("tasks", "files", "age ms", "reading ms"), rows)


def _figures(program: Program, pace: Pace) -> tuple[float, float]:
    """Age and reading of a run: the medians of its steps [ms]."""
    with running(program) as process:
        wait_for_page(program, process)
        time.sleep(pace.interval * (0.5 + pace.warm_up))
        ages, readings = zip(*_steps(program, pace), strict=True)
    return median(ages) * 1e3, median(readings) * 1e3


def _steps(program: Program, pace: Pace) -> Iterator[tuple[float, float]]:
    for _ in range(pace.steps):
        page, stored = program.output.read_text(), program.output.stat().st_mtime
        yield stored - max(map(float, LAST_SEEN.findall(page))), float(READING.findall(page)[0])
        time.sleep(pace.interval)
