"""Pressure stall information, of the machine and of cgroups v2: Documentation/accounting/psi.rst of the kernel.

some avg10=0.12 avg60=0.05 avg300=0.01 total=123456
full avg10=0.00 avg60=0.00 avg300=0.00 total=0
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeAlias

RESOURCES = ("cpu", "memory", "io", "irq")
WINDOWS = ("10", "60", "300")

Stall: TypeAlias = tuple[float, float, float, int]
"""The share of time in which work stood still, over each of `WINDOWS` [percent], and all such time so far [us]."""

LINE = re.compile(rb"(some|full) avg10=(\d+\.\d+) avg60=(\d+\.\d+) avg300=(\d+\.\d+) total=(\d+)\n")


_share = lru_cache(10_001)(float)
"""Of the texts from 0.00 to 100.00: a node of a thousand tasks would hold twenty thousand zeros."""


def parse_pressure(text: bytes) -> dict[str, Stall]:
    """The stalls by kind: `some` of the work, or `full`, all of it. A kind that is not there is left out.

    Raises `ValueError` for a line of another form.
    """
    lines = LINE.findall(text)
    if not lines or len(lines) != text.count(b"\n"):
        raise ValueError(f"lines like 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0' expected, found {text[:80]!r}")
    return {
        kind.decode(): (_share(avg10), _share(avg60), _share(avg300), int(total))
        for kind, avg10, avg60, avg300, total in lines
    }
