"""`python -m tests.churn`: the agent beside cgroups that are made and removed all the time.

This process makes and removes real cgroups at random below one directory; the agent, a process of its own,
steps every 100 ms and appends to a file, which is rotated and read here. With P the time of the step before:

| a cgroup that | must, in a step of time T, be |
|---|---|
| stood there from P to T | complete: as many lines as in any other step |
| was gone before P, or not begun at T | absent |
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from tests.cgroups import Cgroup, Cgroups, NoCgroupsError, first_line, real_cgroups, wait_until

COULD_NOT_RUN = 69  # EX_UNAVAILABLE of sysexits.h
CONFIGURATION = """
runner: !MeasurementRunner
  node: !StaticNode {{tasks: [], directory: {directory}}}
  interval: 0.1
  metrics_storage: !LogStorage {{output_filename: {output}}}
"""
FIRST_LINE = b"# HELP task_cpu_burst_seconds "
"""Every step begins with it: a blank line also stands between the families of one step."""
TIME = re.compile(rb"^wca_up\{.* (\d+)$", re.MULTILINE)
TASK = re.compile(rb'task_id="[^"]*/([^"/]*)"')
OWN = re.compile(rb"^(wca_[a-z_]+)\{[^}]*\} (\S+)", re.MULTILINE)
WORK = re.compile(rb'^wca_duration_seconds\{[^}]*function="iteration_work"[^}]*\} (\S+)', re.MULTILINE)
ROUNDING = 0.001
"""Seconds: timestamps are whole milliseconds, cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done. Every tenth cgroup has a process, every tenth has the name of one that is gone."""

    total: int = 10_000
    most_alive: int = 300
    survivors: int = 20
    events_per_second: float = 200.0
    warm_up: int = 3_000
    """Cgroups made and removed before the agent is measured for the first time: until most were alive, it grows."""
    seed: int = 1


@dataclass(slots=True)
class Life:
    """When a cgroup was begun, complete, still complete, and gone [unix time]."""

    cgroup: Cgroup
    begun: float = field(default_factory=time.time)
    made: float = inf
    unmaking: float = inf
    gone: float = inf

    @property
    def name(self) -> str:
        return self.cgroup.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class SeenStep:
    """What the agent wrote in one step."""

    time: float
    lines: Mapping[str, int]
    """By cgroup."""
    own: Mapping[str, float]
    """The agent's own metrics; those with levels are summed up."""
    work: float = 0.0
    """How long the step before took [seconds]; 0 if that is not told."""


@dataclass(frozen=True, slots=True)
class Size:
    """What the agent holds."""

    resident: int
    open_files: int

    @classmethod
    def of(cls, pid: int) -> Size:
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return cls(resident, len(os.listdir(f"/proc/{pid}/fd")))


@dataclass(slots=True)
class Figures:
    """How it went."""

    made: int = 0
    steps: int = 0
    iterations: float = 0
    late: float = 0
    most_seen: int = 0
    checked: int = 0
    """How often a cgroup had to be in a step."""
    longest_step: float = 0.0
    warnings: int = 0
    before: Size = field(default_factory=lambda: Size(0, 0))
    busiest: Size = field(default_factory=lambda: Size(0, 0))
    after: Size = field(default_factory=lambda: Size(0, 0))
    faults: list[str] = field(default_factory=list)

    @property
    def misses(self) -> list[str]:
        """The goals that depend on the machine, as far as they are missed."""
        pairs = (
            ("late steps", self.late, 0.02 * self.iterations),
            ("resident memory after", self.after.resident, 1.05 * self.before.resident),
            ("open files after", self.after.open_files, 1.05 * self.before.open_files),
        )
        return [f"{what}: {found:g}, at most {most:g} wanted" for what, found, most in pairs if found > most]

    def __str__(self) -> str:
        sizes = zip(("before", "busiest", "after"), (self.before, self.busiest, self.after), strict=True)
        return "\n".join(
            [
                f"{self.made} cgroups made and removed, {self.most_seen} at most in one step, "
                f"{self.checked} times one had to be in a step",
                f"{self.steps} steps seen, {self.late:g} of {self.iterations:g} late, "
                f"longest {1000 * self.longest_step:.0f} ms, {self.warnings} warnings",
                *(
                    f"{when}: {size.resident / 1e6:.1f} MB resident, {size.open_files} open files"
                    for when, size in sizes
                ),
                *(f"FAULT {fault}" for fault in self.faults[:20]),
                f"{len(self.faults)} faults",
            ]
        )


class Output:
    """The file that the agent appends to; moved away now and then, as logrotate does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._moved = path.with_suffix(".old")

    def new_steps(self, *, is_over: bool = False) -> Iterator[SeenStep]:
        """The steps in the moved file, once the agent has begun a new one and so finished with the moved one."""
        if self.path.exists() and self._moved.exists():
            yield from self._taken()
        if self.path.exists() and not self._moved.exists():
            self.path.rename(self._moved)
        if is_over and self._moved.exists():
            yield from self._taken()

    def _taken(self) -> list[SeenStep]:
        text = self._moved.read_bytes()
        self._moved.unlink()
        return [seen_step(FIRST_LINE + part) for part in text.split(FIRST_LINE)[1:]]


def seen_step(text: bytes) -> SeenStep:
    times = TIME.findall(text)
    assert len(times) == 1, f"a step has {len(times)} lines of wca_up"
    own: defaultdict[str, float] = defaultdict(float)
    for name, value in OWN.findall(text):
        own[name.decode()] += float(value)
    lines = Counter(name.decode() for name in TASK.findall(text))
    work = WORK.search(text)
    return SeenStep(int(times[0]) / 1000, lines, own, float(work[1]) if work else 0.0)


class Judge:
    """Compares every step with what stood there."""

    def __init__(self, figures: Figures) -> None:
        self.lives: list[Life] = []
        self.steps: list[SeenStep] = []
        self._figures = figures
        self._complete = 0

    def take(self, step: SeenStep) -> None:
        previous, now = self.steps[-1] if self.steps else None, step.time + ROUNDING
        self.steps = [*self.steps[-1:], step]
        self._figures.steps += 1
        self._figures.most_seen = max(self._figures.most_seen, len(step.lines))
        if previous is None:
            self._complete = max(step.lines.values())
            return
        self.lives = [life for life in self.lives if life.gone >= previous.time]
        permitted = {life.name for life in self.lives if life.begun <= now}
        required = {life.name for life in self.lives if life.made <= previous.time and life.unmaking >= now}
        for name in step.lines.keys() - permitted:
            self._fault(step, f"{name} is told of, but gone")
        self._figures.checked += len(required)
        for name in required:
            if step.lines.get(name, 0) != self._complete:
                self._fault(step, f"{name} has {step.lines.get(name, 0)} lines of {self._complete}")

    def _fault(self, step: SeenStep, text: str) -> None:
        self._figures.faults.append(f"at {step.time:.3f}: {text}")


class Churn:
    """The cgroups that come and go."""

    def __init__(self, plan: Plan, cgroups: Cgroups, judge: Judge) -> None:
        self._plan = plan
        self._random = random.Random(plan.seed)
        self._cgroups = cgroups
        self._judge = judge
        self._alive: list[Life] = []
        self._free_names: list[str] = []
        self.made = 0

    def make_survivors(self) -> None:
        for number in range(self._plan.survivors):
            self._judge.lives.append(Life(self._cgroups.make(f"survivor-{number}"), made=time.time()))

    def one_event(self, wanted: int) -> None:
        """One cgroup more or less, towards as many alive as wanted."""
        if len(self._alive) < wanted:
            self._make()
        elif self._alive:
            self._remove(self._alive.pop(self._random.randrange(len(self._alive))))

    def wanted(self) -> int:
        """How many shall be alive next: anything from few to the most."""
        return self._random.randint(self._plan.most_alive // 10, self._plan.most_alive - self._plan.survivors)

    def end(self) -> None:
        while self._alive:
            self.one_event(0)

    def _make(self) -> None:
        is_again = self._free_names and self._random.random() < 0.1
        name = self._free_names.pop() if is_again else f"number-{self.made}"
        life = Life(Cgroup(self._cgroups.trees, f"{self._cgroups.parent}/{name}"))
        self._judge.lives.append(life)
        life.cgroup.make()
        life.made = time.time()
        if self._random.random() < 0.1:
            first_line(life.cgroup.run("sh", "-c", "echo ready; exec sleep 1000"))
        self._alive.append(life)
        self.made += 1

    def _remove(self, life: Life) -> None:
        life.unmaking = time.time()
        life.cgroup.remove()
        life.gone = time.time()
        self._free_names = [*self._free_names[-100:], life.name]


def run_churn(plan: Plan, cgroups: Cgroups, folder: Path) -> Figures:
    """Everything: survivors, warm-up, churn, calm. Raises `TimeoutError` if the agent does not step."""
    figures = Figures()
    judge = Judge(figures)
    churn = Churn(plan, cgroups, judge)
    churn.make_survivors()
    output, log = Output(folder / "metrics"), folder / "log"
    with agent(cgroups.parent, output.path, log) as process:
        run = _Run(plan, churn, judge, output, process, figures)
        run.calm_down()
        run.until(plan.warm_up)
        figures.before = run.calm_down()
        first = judge.steps[-1]
        run.until(plan.warm_up + plan.total)
        figures.after = run.calm_down()
        last = judge.steps[-1]
        process.send_signal(signal.SIGTERM)
        status = process.wait(30)
    for step in output.new_steps(is_over=True):
        judge.take(step)
    figures.made = churn.made - plan.warm_up
    figures.iterations = last.own["wca_iterations"] - first.own["wca_iterations"]
    figures.late = sum(last.own[name] - first.own[name] for name in ("wca_iteration_overruns", "wca_missed_deadlines"))
    figures.faults += faults_of(last, status, log.read_text())
    figures.warnings = log.read_text().count(" WARNING ")
    return figures


@dataclass(slots=True)
class _Run:
    plan: Plan
    churn: Churn
    judge: Judge
    output: Output
    process: subprocess.Popen[bytes]
    figures: Figures

    def until(self, made: int) -> None:
        """Make and remove until so many have been made, at an even pace; once a second look and change the course."""
        pause = 1 / self.plan.events_per_second
        due = look = time.monotonic()
        wanted = 0
        while self.churn.made < made:
            if time.monotonic() >= look:
                look, wanted = time.monotonic() + 1, self.churn.wanted()
                self.look()
            self.churn.one_event(wanted)
            due += pause
            time.sleep(max(0.0, due - time.monotonic()))
        self.churn.end()

    def look(self) -> None:
        assert self.process.poll() is None, f"the agent ended {self.process.returncode}"
        for step in self.output.new_steps():
            self.judge.take(step)
            self.figures.longest_step = max(self.figures.longest_step, step.work)
        self.figures.busiest = max(self.figures.busiest, Size.of(self.process.pid), key=lambda size: size.open_files)

    def calm_down(self) -> Size:
        """What the agent holds once it has made some steps in which nothing happened."""
        end = self.figures.steps + 10
        since = time.time()

        def is_calm() -> bool:
            self.look()
            return self.figures.steps >= end and self.judge.steps[-2].time > since

        wait_until(is_calm, "the agent makes no steps")
        return Size.of(self.process.pid)


def faults_of(last: SeenStep, status: int, log: str) -> list[str]:
    """What is wrong apart from the samples of tasks."""
    faults = [line for line in log.splitlines() if " ERROR " in line or "Traceback" in line]
    if status != 0:
        faults.append(f"the agent ended {status}")
    if last.own["wca_plugin_errors"]:
        faults.append(f"plugins failed {last.own['wca_plugin_errors']:g} times")
    return faults


@contextmanager
def agent(directory: str, output: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The real command, measuring the sub-directories of a cgroup; killed at the end if it still runs."""
    configuration = output.with_name("wca.yaml")
    configuration.write_text(CONFIGURATION.format(directory=directory, output=output))
    configuration.chmod(0o600)
    command = [str(Path(sys.executable).with_name("wca")), "run", "--root", "--no-lock", "-c", str(configuration)]
    with log.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT) as process:
        try:
            yield process
        finally:
            process.kill()


def main(arguments: Sequence[str]) -> int:
    """0 if all goals are met, 1 if not, COULD_NOT_RUN where no cgroups can be made."""
    words = argparse.ArgumentParser(prog="python -m tests.churn", description="Makes and removes cgroups at random.")
    words.add_argument("--total", type=int, default=Plan().total, help="cgroups to make and remove (%(default)s)")
    words.add_argument("--seed", type=int, default=Plan().seed, help="another seed is another order (%(default)s)")
    options = words.parse_args(arguments)
    started = time.monotonic()
    try:
        with real_cgroups() as cgroups, tempfile.TemporaryDirectory(prefix="wca-churn-") as folder:
            figures = run_churn(Plan(total=options.total, seed=options.seed), cgroups, Path(folder))
    except NoCgroupsError as reason:
        print(f"tests.churn: {reason}", file=sys.stderr)
        return COULD_NOT_RUN
    print(figures)
    for miss in figures.misses:
        print(f"MISSED {miss}")
    print(f"{time.monotonic() - started:.0f} s in all")
    return 1 if figures.faults or figures.misses else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
