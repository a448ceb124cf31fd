"""What is in force while a recording is read: its definitions, and the values of the step before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pyarrow as pa

from wca_core.errors import ContractError
from wca_core.model.allocation import Allocation
from wca_core.model.metric import Metric, Samples, Series, Value
from wca_core.model.platform import Platform
from wca_core.model.task import Task
from wca_record import schema
from wca_record.defined import Defined, weight_of
from wca_record.definitions import allocation_of, metric_of, platform_of, seconds, series_of, step_of, task_of
from wca_record.rows import Definition, StepValues, definitions, values_by_step
from wca_record.step import RecordedStep


class State:
    """Applies the rows of one chunk after the other."""

    def __init__(self) -> None:
        self._tasks: Defined[Task] = Defined()
        self._metrics: Defined[Metric] = Defined()
        self._series: Defined[Series] = Defined()
        self._allocations: Defined[Allocation] = Defined()
        self._in_force: tuple[Allocation, ...] = ()
        self._platform: Platform | None = None
        self._values: list[Value] = []
        self._places: dict[int, int] = {}
        self._apply: Mapping[str, Callable[[int, str], None]] = {
            schema.TASK: self._define_task,
            schema.METRIC: self._define_metric,
            schema.SERIES: self._define_series,
            schema.ALLOCATION: self._define_allocation,
            schema.PLATFORM: self._set_platform,
            schema.TASKS: self._edit_tasks,
            schema.SERIES_LIST: self._edit_series,
            schema.ALLOCATIONS: self._edit_allocations,
        }

    def steps(self, batch: pa.RecordBatch) -> Iterator[RecordedStep]:
        """Raises `ContractError` and others for rows that do not fit together."""
        values = values_by_step(batch)
        step: Definition | None = None
        for row in definitions(batch):
            if row.kind == schema.STEP:
                if step is not None:
                    yield self._step(step, values.get(step.step))
                step = row
            elif apply := self._apply.get(row.kind):  # other kinds were added by a newer wca-record
                apply(row.number, row.text)
        if step is not None:
            yield self._step(step, values.get(step.step))

    def _step(self, row: Definition, changed: StepValues | None) -> RecordedStep:
        if changed is not None:
            self._values = self._changed(changed)
        of_step = step_of(row.text)
        samples = Samples(self._series.members, self._values)
        samples.are_plain, samples.steady = True, of_step["steady"]
        return RecordedStep(
            number=row.step,
            now=seconds(row.value),
            tasks=self._tasks.members,
            samples=samples,
            platform=self._platform,
            allocations=self._in_force,
            **of_step,
        )

    def _changed(self, changed: StepValues) -> list[Value]:
        values, places = self._values.copy(), self._places
        try:
            for number, value in zip(changed.numbers, changed.values, strict=True):
                values[places[number]] = value
        except KeyError as error:
            raise ContractError(f"a value of series {error}, which is not there") from error
        return values

    def _define_task(self, number: int, text: str) -> None:
        self._tasks.define(number, text, task_of)

    def _define_metric(self, number: int, text: str) -> None:
        self._metrics.define(number, text, metric_of)

    def _define_series(self, number: int, text: str) -> None:
        self._series.define(number, text, self._series_of)

    def _series_of(self, text: str) -> Series:
        return series_of(text, self._metrics.by_number, self._tasks.by_number)

    def _define_allocation(self, number: int, text: str) -> None:
        self._allocations.define(number, text, allocation_of)

    def _set_platform(self, _number: int, text: str) -> None:
        weight_of(text)
        self._platform = platform_of(text)

    def _edit_tasks(self, _number: int, text: str) -> None:
        self._tasks.edit(text)

    def _edit_allocations(self, _number: int, text: str) -> None:
        self._allocations.edit(text)
        self._in_force = tuple(self._allocations.members)
        self._allocations.forget()

    def _edit_series(self, _number: int, text: str) -> None:
        old = dict(zip(self._series.order, self._values, strict=True))
        self._series.edit(text)
        order = self._series.order
        self._values = [old.get(number, 0) for number in order]
        self._places = {number: at for at, number in enumerate(order)}
        self._forget()

    def _forget(self) -> None:
        self._series.forget()
        tasks = {id(one.task) for one in self._series.members}
        self._tasks.forget({number for number, one in self._tasks.by_number.items() if id(one) in tasks})
        metrics = {id(one.metric) for one in self._series.members}
        self._metrics.forget({number for number, one in self._metrics.by_number.items() if id(one) in metrics})
