"""What tests of counters start from: readings as the kernel lays them out, events, and real cgroups."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from wca_rdt.perf.attributes import SOFTWARE
from wca_rdt.perf.events import Coding, Event
from wca_rdt.perf.pmu import Encoding
from wca_rdt.perf.trial import try_cgroup

from tests.cgroups import Cgroup, Cgroups, Trees

SPIN = "while :; do :; done"


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


def spinning(cgroup: Cgroup, seconds: float) -> None:
    """Use a CPU for about so long, in this cgroup, and end."""
    cgroup.run("timeout", f"{seconds}", "sh", "-c", SPIN).wait()


def used_seconds(cgroup: Cgroup) -> float:
    """CPU time as the kernel accounts it beside all counters."""
    text = (cgroup.directories[0] / "cpu.stat").read_text()
    return int(dict(line.split() for line in text.splitlines())["usage_usec"]) / 1e6
