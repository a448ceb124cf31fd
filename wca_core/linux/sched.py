"""`/proc/TID/sched`: what the scheduler counts of one thread; kernel/sched/debug.c of the kernel.

    cat (10274, #threads: 1)
    -------------------------------------------------------------------
    se.sum_exec_runtime                          :             0.067595
    nr_switches                                  :                    1
    numa_faults node=0 task_private=100 task_shared=200 group_private=300 group_shared=400

Keys differ between kernels. Times are milliseconds. There is no such file without CONFIG_SCHED_DEBUG.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NamedTuple, TypeAlias

RULE = b"-" * 32
"""The beginning of the second line: longer than the name of a thread, which may hold any characters."""
FAULT_TYPES = ("task_private", "task_shared", "group_private", "group_shared")

Place: TypeAlias = tuple[str, str]
"""NUMA node and type of fault."""


class Scheduled(NamedTuple):
    """What the scheduler counted."""

    stats: dict[str, float]
    """By key."""
    faults: dict[Place, int]
    """NUMA hinting faults."""


class WantedKeys(dict[bytes, str | None]):
    """The key that stands before a colon; None for one that is not wanted. Each is judged once."""

    def __init__(self, is_wanted: Callable[[str], bool]) -> None:
        self._is_wanted = is_wanted

    def __missing__(self, text: bytes) -> str | None:
        key = text.decode(errors="replace").strip()
        self[text] = wanted = key if self._is_wanted(key) else None
        return wanted


def parse_sched(text: bytes, wanted: WantedKeys) -> Scheduled:
    """The values of wanted keys, and all NUMA faults. Lines of another form are passed over."""
    stats: dict[str, float] = {}
    faults: dict[Place, int] = {}
    for line in text.partition(RULE)[2].split(b"\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            key = wanted[name]
            if key is not None:
                with suppress(ValueError):
                    stats[key] = float(value)
        elif line.startswith(b"numa_faults "):
            faults.update(_faults(line))
    return Scheduled(stats, faults)


def total(parts: Iterable[Scheduled]) -> Scheduled:
    """The sums over threads."""
    whole = Scheduled({}, {})
    for stats, faults in parts:
        for key, value in stats.items():
            whole.stats[key] = whole.stats.get(key, 0.0) + value
        for place, count in faults.items():
            whole.faults[place] = whole.faults.get(place, 0) + count
    return whole


def _faults(line: bytes) -> dict[Place, int]:
    """None of a line of another form, such as kernels before 4.0 have."""
    pairs = [word.partition("=") for word in line.decode(errors="replace").split()[1:]]
    if tuple(name for name, _, _ in pairs) != ("node", *FAULT_TYPES):
        return {}
    (_, _, node), *counts = pairs
    try:
        return {(node, kind): int(count) for kind, _, count in counts}
    except ValueError:
        return {}
