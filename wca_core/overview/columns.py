"""The columns of a table of tasks, the most telling first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wca_core.overview.rows import TaskRow
from wca_core.overview.text import amount, number, percent


@dataclass(frozen=True, slots=True)
class Column:
    """One number of every task."""

    key: str
    title: str
    meaning: str
    width: int
    value: Callable[[TaskRow], float | None]
    spelled: Callable[[float | None], str]
    high: float | None = None
    """From here on it is worth a look; the page (`builtin/prometheus/page/columns.js`) has the same."""

    def text(self, row: TaskRow) -> str:
        """Right-aligned in the width of the column."""
        return self.spelled(self.value(row)).rjust(self.width)


def _share_of_limit(row: TaskRow) -> float | None:
    if row.memory_bytes is None or not row.memory_limit_bytes:
        return None
    return 100 * row.memory_bytes / row.memory_limit_bytes


def _throttled_percent(row: TaskRow) -> float | None:
    return None if row.throttled_share is None else 100 * row.throttled_share


COLUMNS = (
    Column("cpus", "CPU", "CPUs used", 5, lambda row: row.cpus, number),
    Column("memory", "MEM", "memory, without inactive page cache", 6, lambda row: row.memory_bytes, amount),
    Column("limit", "LIM%", "memory as a share of its limit", 5, _share_of_limit, percent, high=90),
    Column(
        "throttled", "THR%", "CPU limit: periods in which it was throttled", 5, _throttled_percent, percent, high=10
    ),
    Column(
        "cpu_pressure", "cPSI", "share of time it waited for CPU", 5, lambda row: row.cpu_pressure, percent, high=20
    ),
    Column(
        "memory_pressure",
        "mPSI",
        "share of time it waited for memory",
        5,
        lambda row: row.memory_pressure,
        percent,
        high=5,
    ),
    Column("io_pressure", "ioPSI", "share of time it waited for I/O", 5, lambda row: row.io_pressure, percent, high=20),
    Column("cache", "CACHE", "last-level cache in use", 6, lambda row: row.cache_bytes, amount),
    Column("bandwidth", "BW/s", "memory bandwidth", 6, lambda row: row.memory_bandwidth, amount),
    Column("ipc", "IPC", "instructions per cycle", 5, lambda row: row.instructions_per_cycle, number),
)


def with_data(rows: Iterable[TaskRow]) -> list[Column]:
    """The columns that say something about at least one task."""
    rows = list(rows)
    return [column for column in COLUMNS if any(column.value(row) is not None for row in rows)]


def fitting(columns: Iterable[Column], width: int) -> list[Column]:
    """The first of these that fit into so many characters, each with a space before it."""
    chosen: list[Column] = []
    for column in columns:
        width -= column.width + 1
        if width < 0:
            break
        chosen.append(column)
    return chosen


def in_order(rows: Iterable[TaskRow], column: Column | None, *, ascending: bool = False) -> list[TaskRow]:
    """By a column, the highest first, tasks without a value last; None: by name. Ties by name."""
    by_name = sorted(rows, key=lambda row: (row.name, row.task_id), reverse=ascending and column is None)
    if column is None:
        return by_name
    known = [row for row in by_name if column.value(row) is not None]
    unknown = [row for row in by_name if column.value(row) is None]
    return sorted(known, key=lambda row: column.value(row) or 0.0, reverse=not ascending) + unknown
