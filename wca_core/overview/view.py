"""An overview as the lines of a terminal, without colours: the machine, and the tasks that use most CPU."""

from __future__ import annotations

from collections.abc import Iterator

from wca_core.overview.cells import cut, padded, shortened
from wca_core.overview.columns import COLUMNS, fitting, in_order, with_data
from wca_core.overview.rows import Overview, TaskRow
from wca_core.overview.text import (
    UNKNOWN,
    amount,
    bar,
    clock,
    counted,
    duration,
    number,
    percent,
    printable,
)

NARROWEST_NAME = 12
BAR = 16


def lines(overview: Overview, width: int, height: int) -> list[str]:
    """At most `height` lines of at most `width` cells: the machine, titles, tasks, and what happened last."""
    machine = [heading(overview), *gauges(overview)]
    events = [f"{clock(event.time)} {event.kind}: {printable(event.text)}" for event in overview.events[-2:]]
    table = list(_table(overview, width, max(0, height - len(machine) - len(events))))
    return [cut(line, width).rstrip() for line in (*machine, *table, *events)][:height]


def heading(overview: Overview) -> str:
    """Who, when, how many tasks, and what a step takes."""
    parts = [printable(overview.host), clock(overview.time), counted(len(overview.tasks))]
    parts += [f"step {duration(overview.step_seconds)}"] if overview.step_seconds is not None else []
    return " · ".join(part for part in parts if part)


def gauges(overview: Overview) -> Iterator[str]:
    """A line each for CPU and memory: a bar, numbers, and the pressure on it."""
    cpus = UNKNOWN if overview.cpus is None else str(overview.cpus)
    used, whole = overview.memory_used_bytes, overview.memory_bytes
    cpu_text = f"{number(overview.cpus_used)} of {cpus}"
    memory_text = f"{amount(used)} of {amount(whole)}"
    cpu = f"CPU    {bar(overview.cpus_used, overview.cpus, BAR)} {cpu_text:<14}"
    memory = f"memory {bar(used, whole, BAR)} {memory_text:<14}"
    yield f"{cpu}{_pressure('cpu', overview.cpu_pressure)}"
    yield f"{memory}{_pressure('memory', overview.memory_pressure)}{_pressure('io', overview.io_pressure)}"


def _pressure(name: str, value: float | None) -> str:
    return "" if value is None else f"  {name} pressure {percent(value):>4}%"


def _table(overview: Overview, width: int, height: int) -> Iterator[str]:
    rows = in_order(overview.tasks, COLUMNS[0])
    if height < 2 or not rows:
        return
    columns = fitting(with_data(rows), width - NARROWEST_NAME)
    name_width = width - sum(column.width + 1 for column in columns)
    titles = "".join(" " + column.title.rjust(column.width) for column in columns)
    yield f"{'TASK':<{name_width}}{titles}"
    left_out = len(rows) - (height - 1)
    shown = rows if left_out <= 0 else rows[: height - 2]
    for row in shown:
        numbers = "".join(" " + column.text(row) for column in columns)
        yield f"{padded(shortened(_name(row), name_width), name_width)}{numbers}"
    if left_out > 0:
        yield f"and {len(rows) - len(shown)} more"


def _name(row: TaskRow) -> str:
    return printable(row.name or row.task_id)
