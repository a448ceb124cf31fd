"""`python -m bench record`: what recording costs a step, how large the file becomes, how fast it is read.

Three agents measure the same cgroups at the same time, one of them records; another has a detector that does nothing,
because whoever plugs in a detector also gets the stream of anomalies stored. In every cgroup sleeps a process; in
some of them another works a little and takes and frees memory, so that values change.

| figure | what |
|---|---|
| step | CPU time of the whole process from step to step, all threads |
| beside | of that what other threads than the agent's own took: telling, compressing and writing |
| resident | memory at the end of the run |
| reading | recorded seconds by seconds of reading: nobody can replay faster |
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from statistics import mean, median

from bench.cgroups import cgroups
from bench.errors import BenchError
from bench.paced import Program, cpu_seconds, running, wait_for_page
from bench.programs import Files, agent
from bench.table import show
from wca_core.linux.cgroup import find_hierarchies

WORKING = 0.3
"""Of the cgroups, the part in which something works."""
WARM_UP = 3.0
"""Seconds; the first step defines everything."""


def record(tasks: int, seconds: float, kept: Path | None) -> None:
    """Measure and print. `kept`: where the recording stays. Raises `BenchError`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = kept or folder / "recording.arrows"
        with cgroups([tasks]) as parents, _workers(parents[tasks], int(tasks * WORKING)):
            _cost(folder, parents[tasks], seconds, file)
        _size(file)


def _cost(folder: Path, directory: str, seconds: float, file: Path) -> None:
    programs = _programs(folder, directory, file)
    with ExitStack() as held:
        processes = [held.enter_context(running(program)) for program in programs.values()]
        for program, process in zip(programs.values(), processes, strict=True):
            wait_for_page(program, process)
        time.sleep(WARM_UP)
        pids = [process.pid for process in processes]
        others = [_other_threads(pid) for pid in pids]
        steps = _looked(pids, seconds)
        beside = [(_other_threads(pid) - before) / seconds * 1e3 for pid, before in zip(pids, others, strict=True)]
        resident = [_resident(pid) for pid in pids]
    rows = [
        [what, f"{median(took):.2f}", f"{mean(took):.2f}", f"{threads:.2f}", f"{memory / 1e6:.0f}"]
        for what, took, threads, memory in zip(programs, steps, beside, resident, strict=True)
    ]
    show(("agent", "step ms (median)", "step ms (mean)", "beside ms", "resident MB"), rows)
    for what, without in zip(list(programs)[:2], steps[:2], strict=True):
        ratios = [kind(steps[2]) / kind(without) for kind in (median, mean)]
        print(f"recording to {what}: {ratios[0]:.2f} of the medians, {ratios[1]:.2f} of the means")


def _programs(folder: Path, directory: str, file: Path) -> dict[str, Program]:
    more = {
        "plain": ("", []),
        "idle detector": (",nop-detector", []),
        "recording": (",record", [f"--set=record.file={file}", "--set=record.overwrite=true"]),
    }
    programs = {}
    for what, (plugins, options) in more.items():
        of_program = folder / what.replace(" ", "-")
        of_program.mkdir()
        program = agent(of_program, directory, 1.0, Files.DEFAULT, options)
        command = [option.replace("cgroup,log", f"cgroup,log{plugins}") for option in program.command]
        programs[what] = replace(program, command=command)
    return programs


def _looked(pids: Sequence[int], seconds: float) -> list[list[float]]:
    """CPU time of each second of each process [milliseconds]."""
    used: list[list[float]] = [[] for _ in pids]
    before = [cpu_seconds(pid) for pid in pids]
    deadline = time.monotonic()
    for _ in range(int(seconds)):
        deadline += 1.0
        time.sleep(max(0.0, deadline - time.monotonic()))
        for at, pid in enumerate(pids):
            now = cpu_seconds(pid)
            used[at].append((now - before[at]) * 1e3)
            before[at] = now
    return used


def _other_threads(pid: int) -> float:
    """CPU time of all threads but the first [seconds]."""
    found = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        if int(thread) != pid:
            with suppress(OSError):
                found += int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0])
    return found / 1e9


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _size(file: Path) -> None:
    from wca_record import open_recording

    recording = open_recording(file)
    started = time.perf_counter()
    steps = samples = 0
    first = last = None
    for step in recording.steps():
        steps, samples, last = steps + 1, samples + len(step.samples), step.now
        first = step.now if first is None else first
    took = time.perf_counter() - started
    if first is None or last is None:
        raise BenchError(f"nothing was recorded: {recording.trouble}")
    size = file.stat().st_size
    titles = ("steps", "samples a step", "file kB", "bytes a step", "bits a sample", "read in s", "reading")
    speed = f"{(last - first) / took:.0f} x"
    bits = f"{size * 8 / samples:.2f}"
    row = [str(steps), str(samples // steps), f"{size / 1e3:.0f}", f"{size / steps:.0f}", bits, f"{took:.2f}", speed]
    show(titles, [row])


@contextmanager
def _workers(parent: str, count: int) -> Iterator[None]:
    """Processes that work 0.5 to 2 ms ten times a second, one in each of the first cgroups."""
    hierarchies = find_hierarchies("/", "/proc")
    pids = []
    try:
        for number in range(count):
            trees = [hierarchies.tree(name) for name in ("cpu", "cpuacct", "memory")]
            directories = {tree.at(f"{parent}/t{number:04d}") for tree in trees if tree is not None}
            pid = os.fork()
            if pid == 0:
                _work(directories, 0.0005 * (1 + number % 4), 4096 * (number % 3))
            pids.append(pid)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _work(directories: set[str], busy: float, memory: int) -> None:
    """Never returns."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for directory in directories:
            Path(directory, "cgroup.procs").write_text("0")
        kept: list[bytearray] = []
        while os.getppid() != 1:
            end = time.process_time() + busy
            while time.process_time() < end:
                pass
            kept.append(bytearray(memory))
            if len(kept) > 500:
                kept.clear()
            time.sleep(0.1)
    finally:
        os._exit(1)
