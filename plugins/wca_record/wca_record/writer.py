"""Turns steps into the bytes of a recording; it writes nothing itself."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa

from wca_core.errors import ContractError
from wca_core.model.allocation import Allocation
from wca_core.model.metric import Metric, Series
from wca_core.model.platform import Platform
from wca_core.model.task import Task
from wca_record import schema
from wca_record.anonymity import Anonymity
from wca_record.changes import Changed, Values
from wca_record.chunk import Chunk, Moment, Row, SeriesColumns
from wca_record.definitions import (
    allocation_text,
    labels_text,
    metric_text,
    platform_text,
    series_text,
    step_text,
    task_text,
)
from wca_record.listing import Edit, Numbers
from wca_record.step import About, RecordedStep
from wca_record.stream import Stream
from wca_record.words import Vocabulary

LEVEL = 3
"""Of zstd."""
FEW_WORDS = 2_000
"""So many that nobody uses any more may stay in the dictionaries."""


class Writer:
    """One recording. What it remembers is bounded by what a step holds, and by one chunk."""

    def __init__(self, about: About, level: int = LEVEL, anonymity: Anonymity | None = None) -> None:
        self._anonymity = anonymity
        self._stream = Stream(about if anonymity is None else anonymity.about(about), level)
        self._words = Vocabulary()
        self._chunk = Chunk(self._words)
        self._moment = Moment(-1, 0.0)
        self._tasks: Numbers[Task] = Numbers(task_text, self._define_task)
        self._metrics: Numbers[Metric] = Numbers(metric_text, self._define_metric)
        self._series: Numbers[Series] = Numbers(self._series_key, self._define_series)
        self._allocations: Numbers[Allocation] = Numbers(allocation_text, self._define_allocation)
        self._platform: tuple[Platform | None, list[tuple[str, object]]] | None = None
        self._values = Values()
        self._columns = SeriesColumns.of([])
        self._listed: Sequence[Series] = ()
        """The series of these columns."""
        self._most_words = FEW_WORDS

    @property
    def steps(self) -> int:
        """In the chunk."""
        return self._chunk.steps

    @property
    def is_full(self) -> bool:
        """Whether the chunk takes no other step."""
        return self._chunk.is_full

    def add(self, step: RecordedStep) -> None:
        """Raises `ContractError` for a value that is neither int nor float, and for a number that does not grow."""
        if step.number <= self._moment.number:
            raise ContractError(f"a step after step {self._moment.number} expected, found step {step.number}")
        step = step if self._anonymity is None else self._anonymity.step(step)
        self._moment = moment = Moment(step.number, step.now)
        self._tell(schema.STEP, value=step.now, text=step_text(step))
        self._add_platform(step.platform)
        self._edit(schema.TASKS, self._tasks.rearranged(step.tasks))
        in_force = self._allocations.rearranged(step.allocations)
        if in_force is not None:
            self._edit(schema.ALLOCATIONS, in_force)
            self._allocations.forget()  # as the reader does then, whether series change or not
        self._rearrange(step.samples.series)
        self._chunk.add_values(moment, self._columns, self._values.changed(step.samples.values))
        self._chunk.steps += 1

    def taken(self) -> bytes:
        """The bytes of the chunk, which begins anew; of the first one with the beginning of the file before it.

        Raises `ContractError` for a chunk that nobody would read.
        """
        batch = self._chunk.batch()
        if len(batch) > schema.MOST_ROWS_READ or batch.nbytes > schema.MOST_UNPACKED:
            raise ContractError(f"{len(batch)} rows of {batch.nbytes} bytes are more than is read again")
        if len(self._words) > self._most_words:
            self._forget_words()
        self._chunk = Chunk(self._words)
        return self._stream.written(batch)

    def end(self) -> bytes:
        """What stands at the end of a file, behind the last chunk."""
        return self._stream.end()

    def _forget_words(self) -> None:
        """Tasks come and go for months; what is not in the list now gets its words again when it comes back."""
        self._words = Vocabulary()
        self._columns = self._columns_of(self._listed)
        self._most_words = 2 * len(self._words) + FEW_WORDS

    def _add_platform(self, platform: Platform | None) -> None:
        seen = platform, list(platform.parts.items()) if platform is not None else []
        if self._platform is None or seen[0] is not self._platform[0] or seen[1] != self._platform[1]:
            self._platform = seen
            self._tell(schema.PLATFORM, text=platform_text(platform))

    def _rearrange(self, series: Sequence[Series]) -> None:
        before = self._series.order
        change = self._series.rearranged(series)
        if change is None:
            return
        self._edit(schema.SERIES_LIST, change)
        self._tell_ended(before, change.drop)
        places = {number: at for at, number in enumerate(before)}
        after = self._series.order
        self._values.rearrange([places.get(number) for number in after])
        self._columns, self._listed = self._columns_of(series), series
        self._forget(series)

    def _tell_ended(self, before: Sequence[int], gone: Sequence[int]) -> None:
        places = {number: at for at, number in enumerate(before)}
        stays = set(self._series.order)  # what only moves is dropped and put, too
        positions = pa.array([places[number] for number in gone if number not in stays], pa.int64())
        count = len(positions)
        none = Changed(positions, pa.nulls(count, pa.float64()), pa.array([False] * count, pa.bool_()), ())
        self._chunk.add_values(self._moment, self._columns, none)

    def _forget(self, series: Sequence[Series]) -> None:
        self._series.forget()
        self._metrics.forget({self._metrics.number(one.metric) for one in series})
        self._tasks.forget({self._tasks.number(one.task) for one in series if one.task is not None})

    def _columns_of(self, series: Sequence[Series]) -> SeriesColumns:
        return SeriesColumns.of([self._row(*pair) for pair in zip(self._series.order, series, strict=True)])

    def _row(self, number: int, series: Series) -> tuple[int, int | None, int, int | None]:
        words, task = self._words, series.task
        metric = words.metrics.code(series.metric.name)
        assert metric is not None
        labels = words.labels.code(labels_text(series))
        return number, words.tasks.code(task.task_id if task else None), metric, labels

    def _series_key(self, series: Series) -> tuple[object, ...]:
        task = None if series.task is None else self._tasks.number(series.task)
        return self._metrics.number(series.metric), task, series.level_values, series.free_labels

    def _define_task(self, number: int, task: Task) -> None:
        self._tell(schema.TASK, number=number, task=self._words.tasks.code(task.task_id), text=task_text(task))

    def _define_metric(self, number: int, metric: Metric) -> None:
        code = self._words.metrics.code(metric.name)
        self._tell(schema.METRIC, number=number, metric=code, text=metric_text(metric))

    def _define_series(self, number: int, series: Series) -> None:
        task = None if series.task is None else self._tasks.number(series.task)
        text = series_text(series, self._metrics.number(series.metric), task)
        _, task_code, metric, labels = self._row(number, series)
        self._tell(schema.SERIES, number=number, task=task_code, metric=metric, labels=labels, text=text)

    def _define_allocation(self, number: int, allocation: Allocation) -> None:
        task = self._words.tasks.code(allocation.task_id)
        self._tell(schema.ALLOCATION, number=number, task=task, text=allocation_text(allocation))

    def _edit(self, kind: str, change: Edit | None) -> None:
        if change is not None:
            self._tell(kind, text=json.dumps({"drop": change.drop, "put": change.put}, separators=(",", ":")))

    def _tell(self, kind: str, **columns: object) -> None:
        self._chunk.define(Row(kind, self._moment, **columns))  # type: ignore[arg-type]
