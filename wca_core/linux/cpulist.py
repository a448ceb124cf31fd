"""Lists of CPUs and of NUMA nodes as the kernel writes them: `0-3,8`; see "List format" of cpuset(7)."""

from __future__ import annotations

import re
from collections.abc import Iterable

HIGHEST = 1 << 16
"""No CPU and no node has a number near this; without it `0-99999999999` would take all memory."""

_ITEM = re.compile(r"\s*(\d+)\s*(?:-\s*(\d+)\s*(?::\s*(\d+)\s*/\s*(\d+)\s*)?)?", re.ASCII)


def parse_cpulist(text: str) -> frozenset[int]:
    """The numbers of a list; none for a blank one. Raises `ValueError` for a text of another form.

    | item | means |
    |---|---|
    | `a` | one number |
    | `a-b` | all from a to b |
    | `a-b:c/d` | of each d numbers from a on the first c, up to b |
    """
    if not text.strip():
        return frozenset()
    return frozenset(number for item in text.split(",") for number in _numbers(item))


def format_cpulist(numbers: Iterable[int]) -> str:
    """Sorted, separated by commas, without ranges."""
    return ",".join(map(str, sorted(numbers)))


def _numbers(item: str) -> Iterable[int]:
    found = _ITEM.fullmatch(item)
    if found is None:
        raise ValueError(f"{item[:80]!r} is no number and no range of a list")
    first, last, used, group = (None if number is None else int(number) for number in found.groups())
    assert first is not None
    last = first if last is None else last
    used, group = (1, 1) if used is None or group is None else (used, group)
    if last < first or last >= HIGHEST or group == 0 or used > group:
        raise ValueError(f"{item[:80]!r} is no range of numbers below {HIGHEST}")
    return (number for number in range(first, last + 1) if (number - first) % group < used)
