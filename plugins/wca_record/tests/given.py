"""Recordings for tests: steps of any content, and what is compared of them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

from wca_record import About, RecordedStep
from wca_record.writer import Writer

from wca_core.model.allocation import Allocation
from wca_core.model.metric import Metric, Sample, Samples, Value, counter, gauge
from wca_core.model.task import Task
from wca_core.testing import make_task

ABOUT = About(
    format=1, host="h\udcff", wca_version="1.2", started=5.5, interval=0.5, plugins=("local",), labels={"rack": "é"}
)
USAGE = Metric("task_usage_seconds", "CPU time.", counter, "seconds", ("cpu",))
LOAD = Metric("platform_load", "Load.", gauge)


def step(number: int, samples: Iterable[Sample] = (), tasks: Sequence[Task] = (), **fields: object) -> RecordedStep:
    """A step a second."""
    given: dict[str, object] = {"now": 1e9 + number, "steady": number + 0.25, **fields}
    return RecordedStep(number=number, tasks=tasks, samples=Samples.of(samples), **given)  # type: ignore[arg-type]


def usual(number: int, tasks: int = 3) -> RecordedStep:
    """Some tasks whose usage grows, and a load that stays."""
    made = TASKS[:tasks]
    samples = [USAGE.sample(number * 1.5 + at, task, cpu=at) for at, task in enumerate(made)]
    return step(number, [*samples, LOAD.sample(7)], made)


TASKS = [make_task(f"/t{number}", labels={"app": f"a{number}"}) for number in range(20)]


def data(steps: Iterable[RecordedStep], chunk: int = 2) -> bytes:
    """A whole recording with so many steps a chunk."""
    return b"".join(pieces(steps, chunk))


def pieces(steps: Iterable[RecordedStep], chunk: int = 2) -> list[bytes]:
    """Its chunks, and its end."""
    writer = Writer(ABOUT)
    found = []
    for one in steps:
        writer.add(one)
        if writer.steps == chunk:
            found.append(writer.taken())
    if writer.steps:
        found.append(writer.taken())
    return [*found, writer.end()]


def saved(folder: Path, content: bytes) -> Path:
    path = folder / "recording.arrows"
    path.write_bytes(content)
    return path


def told(one: RecordedStep) -> object:
    """All of a step, to be compared: types count, and all bits of a float."""
    return (
        (one.number, _exact(one.now), one.steady),
        [repr(task) for task in one.tasks],
        [(repr(series), _description(series.metric)) for series in one.samples.series],
        [_exact(value) for value in one.samples.values],
        one.allocations,
        None if one.platform is None else {**vars(one.platform)},
    )


def force(task: str, kind: object, value: object) -> Allocation:
    return Allocation(task, kind, value)  # type: ignore[arg-type]


def _exact(value: Value) -> object:
    return value if type(value) is int else struct.pack("<d", value)


def _description(metric: Metric) -> object:
    return metric.name, metric.help, metric.type, metric.unit, metric.levels, metric.merge
