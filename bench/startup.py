"""`python -m bench startup`: how long until the agent says something, beside the import of its command line library."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.errors import BenchError
from bench.table import show, spread

WCA = str(Path(sys.executable).with_name("wca"))
ROOT = ["--root"] if os.geteuid() == 0 else []
MEMORY = "import wca_core, os; print(int(open('/proc/self/statm').read().split()[1]) * os.sysconf('SC_PAGE_SIZE'))"


def startup(rounds: int) -> None:
    """Print the times and their ratios of the same round, and the memory of a bare import."""
    ways: dict[str, Callable[[], float]] = {
        "python -c 'import typer'": lambda: _until_end([sys.executable, "-c", "import typer"]),
        "wca --version": lambda: _until_end([WCA, "--version"]),
        "wca run --plugins log --once, first stored step": lambda: _until_first_byte(
            [WCA, "run", *ROOT, "--no-lock", "--plugins=log", "--once"]
        ),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds + 1):
        for way, measure in ways.items():
            times[way].append(measure())
    anchor = next(iter(ways))
    rows = []
    for way in ways:
        measured, beside = times[way][1:], times[anchor][1:]
        ratios = [own / of for own, of in zip(measured, beside, strict=True)]
        rows.append([way, spread([1e3 * seconds for seconds in measured], 0), spread(ratios, 2)])
    show(["started", "ms", "ratio"], rows)
    print(f"resident after 'import wca_core': {_memory():.1f} MB")


def _until_end(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _until_first_byte(command: list[str]) -> float:
    """Seconds until something comes out of standard error, where the samples go."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        first = process.stderr.read(1)
        elapsed = time.perf_counter() - started
        process.stderr.read()
    if not first or process.returncode:
        raise BenchError(f"{' '.join(command)} stored nothing (exit code {process.returncode})")
    return elapsed


def _memory() -> float:
    ran = subprocess.run([sys.executable, "-c", MEMORY], check=True, capture_output=True, text=True)
    return int(ran.stdout) / 1e6
