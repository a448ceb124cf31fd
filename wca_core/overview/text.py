"""Numbers and names of an overview as text for a terminal: short, and safe to print."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from wca_core.overview.cells import shortened
from wca_core.overview.rows import Overview, TaskRow

UNKNOWN = "-"
SMALLEST = 0.005
"""CPUs or bytes that are told as more than nothing."""
_PREFIXES = "BKMGTPEZY"
_BARS = " ▁▂▃▄▅▆▇█"


def printable(text: str) -> str:
    """A name from outside without anything that a terminal might obey."""
    return text if text.isprintable() else "".join(one if one.isprintable() else "?" for one in text)


def amount(number: float | None) -> str:
    """Bytes in four or five characters: `512B`, `1.5K`, `24.1G`, with prefixes of 1024."""
    if number is None:
        return UNKNOWN
    size, prefixes = float(number), iter(_PREFIXES)
    prefix = next(prefixes)
    while abs(size) >= 999.5 and prefix != _PREFIXES[-1]:
        size, prefix = size / 1024, next(prefixes)
    return f"{size:.0f}{prefix}" if prefix == "B" or abs(size) >= 99.95 else f"{size:.1f}{prefix}"


def number(value: float | None) -> str:
    """In four or five characters: `0.25`, `12.3`, `125`."""
    if value is None:
        return UNKNOWN
    return f"{value:.{2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0}f}"


def percent(value: float | None) -> str:
    """Of 0 to 100: `0`, `0.5`, `12.3`, `100`."""
    if value is None:
        return UNKNOWN
    return f"{value:.1f}" if 0.05 <= abs(value) < 99.95 else f"{value:.0f}"


def duration(seconds: float | None) -> str:
    """`12 ms`, `1.5 s`"""
    if seconds is None:
        return UNKNOWN
    return f"{seconds:.1f} s" if seconds >= 0.9995 else f"{seconds * 1000:.{0 if seconds >= 0.00995 else 1}f} ms"


def clock(moment: float) -> str:
    """The local time of day."""
    try:
        return time.strftime("%H:%M:%S", time.localtime(moment))
    except (OverflowError, ValueError, OSError):
        return "--:--:--"


def bar(part: float | None, whole: float | None, width: int) -> str:
    """A bar that needs no colour: `||||····`."""
    share = part / whole if part is not None and whole else 0.0
    filled = round(min(1.0, max(0.0, share)) * width)
    return "|" * filled + "·" * (width - filled)


def sparkline(values: Sequence[float | None], width: int, highest: float | None = None) -> str:
    """The last `width` values, a character each, on the right; `highest`: what fills it, else the largest value."""
    last = list(values[-width:]) if width > 0 else []
    top = highest or max((value for value in last if value is not None), default=0.0)
    return "".join(_height(value, top) for value in last).rjust(width)


def summary(overview: Overview) -> str:
    """One line: time, tasks, CPU, memory, pressure, and who uses most."""
    parts = [
        f"{clock(overview.time)}  {counted(len(overview.tasks))}",
        f"CPU {number(overview.cpus_used)} of {UNKNOWN if overview.cpus is None else overview.cpus}",
        f"memory {amount(overview.memory_used_bytes)} of {amount(overview.memory_bytes)}",
    ]
    pressures = {"cpu": overview.cpu_pressure, "memory": overview.memory_pressure, "io": overview.io_pressure}
    known = [f"{name} {percent(value)}%" for name, value in pressures.items() if value is not None]
    parts += [f"pressure {' '.join(known)}"] if known else []
    parts += _most(overview.tasks)
    return "  ".join(parts)


def counted(tasks: int) -> str:
    return f"{tasks} task{'' if tasks == 1 else 's'}"


def _most(tasks: Sequence[TaskRow]) -> list[str]:
    """Those that use most CPU, or memory as long as the use of CPU is not known."""
    by_cpu = _largest((one.cpus, one.name) for one in tasks)
    if by_cpu:
        return ["most CPU " + ", ".join(f"{_short(name)} {number(cpus)}" for cpus, name in by_cpu)]
    by_memory = _largest((one.memory_bytes, one.name) for one in tasks)
    if by_memory:
        return ["most memory " + ", ".join(f"{_short(name)} {amount(size)}" for size, name in by_memory)]
    return []


def _largest(values: Iterable[tuple[float | None, str]]) -> list[tuple[float, str]]:
    """The three largest that are worth telling, equal ones by name."""
    known = [(value, name) for value, name in values if value is not None and value >= SMALLEST]
    return sorted(known, key=lambda one: (-one[0], one[1]))[:3]


def _short(name: str) -> str:
    return shortened(printable(name), 32)


def _height(value: float | None, top: float) -> str:
    if value is None:
        return " "
    share = min(1.0, max(0.0, value / top)) if top > 0 else 0.0
    return _BARS[max(1, round(share * (len(_BARS) - 1)))]
