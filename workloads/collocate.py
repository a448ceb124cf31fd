#!/usr/bin/env python3
"""Redis beside stress-ng on one CPU, without and with an allocation: what does it do to the latency?

    sudo python3 workloads/collocate.py [--rounds 5] [--seconds 10] [--rate 4000]

Each round runs every situation once, so that whatever else the machine does hits all alike. Redis and stress-ng share
CPU 1, in two cgroups of equal weight below one that goes before everything else on the machine. The load generator is
on CPU 0 with real-time priority, so that it does not measure its own waiting for a CPU. Prints a table: median and
range over the rounds.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

WORKLOADS = Path(__file__).resolve().parent
SITUATIONS: Mapping[str, str | None] = {
    "redis alone": None,
    "beside stress-ng": "",
    "stress-ng with `cpu_quota: 0.05`": "{cpu_quota: 0.05}",
    "stress-ng with `cpuset_cpus: '0'`": "{cpuset_cpus: '0'}",
    "stress-ng with `cpu_idle: 1`": "{cpu_idle: 1}",
}
"""What stress-ng is allocated; empty: nothing, None: it does not run."""
PARENT = "wca-collocate"
SETTLING = 3
"""Seconds in which an agent finds its task and allocates."""
CONFIGURATION = """
runner: !AllocationRunner
  measurement_runner: !MeasurementRunner
    node: !StaticNode {{tasks: [{parent}/redis, {parent}/stress-ng]}}
    interval: 1.0
    metrics_storage: !LogStorage {{output_filename: {folder}/metrics.log}}
    allocation_configuration: !AllocationConfiguration {{cpu_quota_period: 100000}}
  restore_on_exit: managed
  restore_state_file: {folder}/journal
  allocator: !StaticAllocator
    rules:
      - {{name: best effort, task_id: {parent}/stress-ng, allocations: {allocations}}}
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for."""

    rounds: int
    seconds: float
    rate: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one situation in one round."""

    p50: float
    p99: float
    late: float
    """How late the generator itself was, 99th percentile."""
    speed: float
    """Operations of stress-ng a second; 0 without it."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rate", default="4000")
    options = Options(**vars(parser.parse_args()))
    if os.geteuid() != 0 or (os.cpu_count() or 1) < 2:
        print("root and two CPUs are needed", file=sys.stderr)
        return 1
    outcomes: dict[str, list[Outcome]] = {situation: [] for situation in SITUATIONS}
    for number in range(options.rounds):
        for situation, allocations in SITUATIONS.items():
            outcomes[situation].append(measured(allocations, options))
            print(f"round {number + 1}: {situation}: {outcomes[situation][-1]}", file=sys.stderr, flush=True)
    print_table(outcomes)
    return 0


def measured(allocations: str | None, options: Options) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="wca-collocate-") as name, ExitStack() as running:
        folder = Path(name)
        running.enter_context(above_all_else())
        if allocations:
            running.enter_context(ended(agent(folder, allocations)))
        if allocations is not None:
            duration = {"DURATION": str(int(options.seconds + SETTLING)), "WORKERS": "1"}
            batch = running.enter_context(ended(script("stress-ng", folder, duration)))
            time.sleep(SETTLING)
        load = {"DURATION": f"{options.seconds:g}", "RATE": options.rate, "LOAD_WITH": "taskset -c 0 chrt -f 10"}
        redis = running.enter_context(ended(script("redis", folder, load)))
        if redis.wait() != 0:
            raise RuntimeError(f"redis/run.sh ended with {redis.returncode}")
        if allocations is not None:
            batch.wait()
        return outcome(folder)


@contextmanager
def above_all_else() -> Iterator[None]:
    """A cgroup for both that outweighs whatever else runs."""
    v1 = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines() if line.split()[2] == "cgroup"]
    made = [Path(root, PARENT) for root in v1 or ["/sys/fs/cgroup"]]
    for directory in made:
        if not v1:
            (directory.parent / "cgroup.subtree_control").write_text("+cpu +cpuset +memory")
        directory.mkdir()
        for name in ("cpuset.cpus", "cpuset.mems"):
            if v1 and (directory / name).exists():
                (directory / name).write_text((directory.parent / name).read_text())
        for name, weight in (("cpu.shares", "262144"), ("cpu.weight", "10000")):
            if (directory / name).exists():
                (directory / name).write_text(weight)
        if not v1:
            (directory / "cgroup.subtree_control").write_text("+cpu +cpuset +memory")
    try:
        yield
    finally:
        for directory in made:
            directory.rmdir()


def script(workload: str, folder: Path, variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command: list[str | Path] = [
        WORKLOADS / workload / "run.sh",
        "--quiet",
        "--storage_output_filename",
        folder / f"{workload}.prom",
    ]
    return subprocess.Popen(command, env={**os.environ, "CGROUP": f"{PARENT}/{workload}", "CPUS": "1", **variables})


def agent(folder: Path, allocations: str) -> subprocess.Popen[bytes]:
    file = folder / "wca.yaml"
    file.write_text(CONFIGURATION.format(folder=folder, parent=PARENT, allocations=allocations))
    file.chmod(0o600)
    command = ["taskset", "-c", "0", "wca", "run", "--root", "--config", str(file)]
    with (folder / "agent.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Told to end, in the end."""
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def outcome(folder: Path) -> Outcome:
    text = "".join(path.read_text() for path in folder.glob("*.prom"))

    def value(metric: str) -> float:
        found = re.search(rf"^{metric}(?:{{.*?}})? (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    return Outcome(
        p50=value("redis_total_p50"),
        p99=value("redis_total_p99"),
        late=value("redis_total_late_p99"),
        speed=value("stress_ng_bogo_ops_per_second_real_time"),
    )


def print_table(outcomes: Mapping[str, list[Outcome]]) -> None:
    print("| situation | p50 [ms] | p99 [ms] | generator late, p99 [ms] | stress-ng [operations/s] |")
    print("|---|---|---|---|---|")
    for situation, found in outcomes.items():
        times = (
            [1000 * one for one in column] for column in zip(*((o.p50, o.p99, o.late) for o in found), strict=True)
        )
        cells = [spread(column, 2) for column in times] + [spread([one.speed for one in found], 0)]
        print(f"| {situation} | {' | '.join(cells)} |")


def spread(values: list[float], digits: int) -> str:
    low, middle, high = (f"{one:.{digits}f}" for one in (min(values), statistics.median(values), max(values)))
    return f"{middle} ({low} to {high})"


if __name__ == "__main__":
    sys.exit(main())
