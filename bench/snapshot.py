"""`python -m bench snapshot`: what a detector adds to a step that asks for two values and two rates of every task.

Three agents by turns: without a detector, with one that asks for nothing, and with one that looks at every task.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.cgroups import cgroups
from bench.paced import Pace, measure
from bench.programs import Files, agent
from bench.table import show, spread

DETECTORS = (None, "LooksAtNothing", "LooksAtEachTask")
WARM_UP = 3


def snapshot(tasks: int, rounds: int, steps: int) -> None:
    """Measure and print, with the reference's files."""
    times: dict[str | None, list[float]] = {detector: [] for detector in DETECTORS}
    memory: dict[str | None, int] = {}
    with cgroups([tasks]) as parents, tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for _ in range(rounds):
            for detector in DETECTORS:
                program = agent(Path(folder), parents[tasks], 1.0, Files.REFERENCE, _options(detector))
                run = measure(program, Pace(steps, WARM_UP))
                times[detector].append(run.milliseconds)
                memory[detector] = run.resident_bytes
    rows = []
    for detector, measured in times.items():
        ratios = [own / without for own, without in zip(measured, times[None], strict=True)]
        rows.append([detector or "none", spread(measured, 2), spread(ratios, 2), f"{memory[detector] / 1e6:.0f}"])
    show(("detector", "a step, ms", "ratio", "MB"), rows)


def _options(detector: str | None) -> list[str]:
    return (
        [] if detector is None else [f"--register=bench.looking:{detector}", f"--plugins=static,cgroup,log,{detector}"]
    )
