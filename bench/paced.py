"""The CPU time of each step of a paced program, seen from outside: the agent and the floor alike.

The clock of another process counts nanoseconds, of all its threads (clock_getcpuclockid(3)). It is read
in the middle between two steps, so nothing of a step is missed: waiting and waking up count too.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.errors import BenchError

CPUCLOCK_SCHED = 2
PATIENCE = 60.0
"""Seconds that a program may take to its first page."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that overwrites `output` once in every step."""

    command: Sequence[str]
    output: Path
    stdin: Path = Path(os.devnull)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long and how often to look."""

    steps: int
    warm_up: int
    """Steps to leave out behind the first: the first makes the page, the second sizes the heap."""
    interval: float = 1.0


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a program cost."""

    step_seconds: list[float]
    resident_bytes: int
    files: int
    page_bytes: int

    @property
    def milliseconds(self) -> float:
        """CPU time of a step: the median of the run."""
        return median(self.step_seconds) * 1e3


def measure(program: Program, pace: Pace) -> Run:
    """Run a program and measure its steps. Raises `BenchError` if it ends or misses a step."""
    with running(program) as process:
        wait_for_page(program, process)
        time.sleep(pace.interval * (0.5 + pace.warm_up))
        seconds = list(_steps(program, process.pid, pace))
        return Run(seconds, _resident_bytes(process.pid), _files(process.pid), program.output.stat().st_size)


@contextmanager
def running(program: Program) -> Iterator[subprocess.Popen[bytes]]:
    """The program, ended with the block."""
    program.output.unlink(missing_ok=True)
    with program.stdin.open("rb") as stdin:
        process = subprocess.Popen(program.command, stdin=stdin, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def wait_for_page(program: Program, process: subprocess.Popen[bytes]) -> None:
    """Wait for the first page. Raises `BenchError` if the program ends before it or takes too long."""
    give_up = time.monotonic() + PATIENCE
    while not program.output.exists():
        if process.poll() is not None or time.monotonic() > give_up:
            raise BenchError(f"no page from {' '.join(program.command)}; see above")
        time.sleep(0.005)


def cpu_seconds(pid: int) -> float:
    """CPU time of a process since it began, user and system."""
    return time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)


def _steps(program: Program, pid: int, pace: Pace) -> Iterator[float]:
    before, written = cpu_seconds(pid), program.output.stat().st_mtime_ns
    deadline = time.monotonic()
    for _ in range(pace.steps):
        deadline += pace.interval
        time.sleep(max(0.0, deadline - time.monotonic()))
        now, last_written = cpu_seconds(pid), program.output.stat().st_mtime_ns
        if last_written == written:
            raise BenchError(f"no new page within {pace.interval:g} s from {' '.join(program.command)}")
        yield now - before
        before, written = now, last_written


def _resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))
