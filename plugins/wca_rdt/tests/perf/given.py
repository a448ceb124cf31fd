"""What tests of counters start from: readings as the kernel lays them out, events, and real cgroups."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from wca_rdt.perf.attributes import SOFTWARE
from wca_rdt.perf.events import Coding, Event
from wca_rdt.perf.pmu import Encoding
from wca_rdt.perf.trial import try_cgroup

from tests.cgroups import Cgroup, Cgroups, Trees
from tests.measuring import PYTHON

ROUNDS = 5
WORK = "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done"
"""For a shell: ends by itself, and takes about as many instructions each time."""


def reading(enabled: int, running: int, *values: int) -> bytes:
    """As read(2) gives it; the ids are 1, 2, ..."""
    pairs = [word for number, value in enumerate(values, 1) for word in (value, number)]
    return struct.pack(f"={3 + 2 * len(values)}Q", len(values), enabled, running, *pairs)


def event(name: str, type_: int = SOFTWARE, config: int = 1, per: float = 1.0) -> Event:
    return Event(name, (Coding(Encoding(type_, config)),), help="x", per=per)


def unified() -> Path | None:
    """Where the unified tree is mounted."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(point)
    return None


@contextmanager
def counted_cgroups() -> Iterator[Cgroups]:
    """Cgroups by which the kernel counts, gone at the end; the test is skipped where there are none."""
    root = unified()
    if root is None:
        pytest.skip("no unified cgroup tree is mounted here")
    try:
        try_cgroup(str(root), 0)
    except OSError as error:
        pytest.skip(f"counting by the cgroups of {root} is refused: {error}")
    made = Cgroups(Trees(1, {"unified": root}))
    try:
        made.make("none")
        yield made
    except PermissionError as error:
        pytest.skip(f"no cgroups can be made here: {error}")
    finally:
        made.remove()


def spinning(cgroup: Cgroup, seconds: float, cpu: int | None = None) -> None:
    """Use so much CPU time in this cgroup, on one CPU if wanted, however long that takes, and end."""
    where = () if cpu is None else ("taskset", "-c", str(cpu))
    cgroup.run(*where, *PYTHON, f"import time\nwhile time.process_time() < {seconds}: pass").wait()


def used_seconds(cgroup: Cgroup) -> float:
    """CPU time as the kernel accounts it beside all counters."""
    text = (cgroup.directories[0] / "cpu.stat").read_text()
    return int(dict(line.split() for line in text.splitlines())["usage_usec"]) / 1e6


def has_agreed(measure: Callable[[], tuple[float, float]], within: float) -> bool:
    """Whether two measurements of the same came as close to each other, relatively, in one of `ROUNDS` rounds.

    On a busy machine a stolen moment or an interrupt may count in one of them only. What is counted twice, elsewhere or
    not at all is wrong in every round.
    """
    rounds = (measure() for _ in range(ROUNDS))
    return any(abs(one - other) <= within * other for one, other in rounds)


def perf_files() -> int:
    """Counters that this process holds open."""
    links = (os.path.join("/proc/self/fd", name) for name in os.listdir("/proc/self/fd"))
    return sum(os.path.islink(link) and "perf_event" in os.readlink(link) for link in links)


def is_asleep(pid: int) -> bool:
    """Whether it has become `sleep` and waits."""
    _, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")
    return rest.startswith("sleep) S")


def counted_by_perf(cgroup: Cgroup, *events: str, work: str = WORK) -> dict[str, float]:
    """What `perf stat -G` counts of the work, which runs in this cgroup and is over within its time."""
    procs = cgroup.directories[0] / "cgroup.procs"
    of_each = ",".join([cgroup.path.strip("/")] * len(events))
    command = ["perf", "stat", "-a", "-x,", "-e", ",".join(events), "-G", of_each]
    program = ["--", "sh", "-c", f"echo 0 > {procs}; {work}"]
    said = subprocess.run([*command, *program], capture_output=True, text=True, check=True).stderr
    rows = [line.split(",") for line in said.splitlines() if line.count(",") > 3]
    return {row[2].partition(":")[0]: float(row[0]) for row in rows}
