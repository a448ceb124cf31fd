"""`python -m bench step`: the CPU time of a step beside that of the C floor, by the number of tasks.

Rounds alternate: the agent, the floor, the agent, ... and each round takes every number of tasks, so that
what else the machine does falls on both alike. What counts is the growth over no tasks at all:
(CPU(N) - CPU(0)) of the agent over the same of the floor, in one round.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.cgroups import cgroups
from bench.paced import Pace, Program, Run, measure
from bench.programs import Files, agent, floor
from bench.table import show, spread

Pair = tuple[Run, Run]
"""Agent and floor."""

TITLES = ("tasks", "agent ms", "floor ms", "ratio", "growth ratio", "agent us/task", "floor us/task")
MORE_TITLES = ("agent MB", "agent files", "floor files", "page KB", "floor KB")


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure."""

    tasks: Sequence[int]
    rounds: int
    pace: Pace
    files: Files


def step(options: Options) -> dict[int, float]:
    """Measure, print the table, and return the growth ratio by number of tasks."""
    counts = sorted({0, *options.tasks})
    rounds = list(_rounds(counts, options))
    show((*TITLES, *MORE_TITLES), [_row(count, rounds) for count in counts])
    return {count: median(_growth(count, rounds)) for count in counts if count}


def _rounds(counts: Sequence[int], options: Options) -> Iterator[dict[int, Pair]]:
    with cgroups(counts) as parents, _folder() as folder:
        programs = {count: _programs(folder / str(count), count, parents[count], options) for count in counts}
        for number in range(options.rounds):
            measured = {}
            for count, (ours, theirs) in programs.items():
                _say(f"round {number + 1} of {options.rounds}, {count} tasks")
                measured[count] = measure(ours, options.pace), measure(theirs, options.pace)
            yield measured


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="wcabench-", dir="/dev/shm") as folder:
        yield Path(folder)


def _programs(folder: Path, count: int, directory: str, options: Options) -> tuple[Program, Program]:
    folder.mkdir()
    ours = agent(folder, directory, options.pace.interval, options.files)
    return ours, floor(folder, ours, count, directory, options.pace.interval)


def _row(count: int, rounds: Sequence[dict[int, Pair]]) -> list[str]:
    pairs = [measured[count] for measured in rounds]
    times = (
        [ours.milliseconds for ours, _ in pairs],
        [theirs.milliseconds for _, theirs in pairs],
        [ours.milliseconds / theirs.milliseconds for ours, theirs in pairs],
    )
    return [str(count), *(spread(one, 2) for one in times), *_by_task(count, rounds), *_sizes(*pairs[-1])]


def _by_task(count: int, rounds: Sequence[dict[int, Pair]]) -> list[str]:
    if count == 0:
        return ["-", "-", "-"]
    return [spread(_growth(count, rounds), 2), *(spread(_each(count, rounds, side), 1) for side in (0, 1))]


def _sizes(ours: Run, theirs: Run) -> list[str]:
    sizes = (ours.files, theirs.files, ours.page_bytes // 1000, theirs.page_bytes // 1000)
    return [f"{ours.resident_bytes / 1e6:.0f}", *map(str, sizes)]


def _growth(count: int, rounds: Sequence[dict[int, Pair]]) -> list[float]:
    """By round, how much more the agent's step grows with the tasks than the floor's."""
    both = zip(_each(count, rounds, 0), _each(count, rounds, 1), strict=True)
    return [ours / theirs for ours, theirs in both]


def _each(count: int, rounds: Sequence[dict[int, Pair]], side: int) -> list[float]:
    """By round, what one task adds to a step [us]."""
    return [(measured[count][side].milliseconds - measured[0][side].milliseconds) / count * 1e3 for measured in rounds]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
