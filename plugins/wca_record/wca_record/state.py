"""What is in force while a recording is read: its definitions, and the values of the step before."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import pyarrow as pa

from wca_core.errors import ContractError
from wca_core.model.allocation import Allocation
from wca_core.model.metric import Metric, Samples, Series, Value
from wca_core.model.platform import Platform
from wca_core.model.task import Task
from wca_record import schema
from wca_record.definitions import allocation_of, metric_of, platform_of, series_of, task_of
from wca_record.listing import Edit
from wca_record.plain import loads
from wca_record.rows import StepValues, definitions, values_by_step
from wca_record.step import RecordedStep

T = TypeVar("T")


class Defined(Generic[T]):
    """A list whose members are defined by number before they are in it."""

    def __init__(self) -> None:
        self.by_number: dict[int, T] = {}
        self.order: list[int] = []
        self.members: list[T] = []

    def edit(self, text: str) -> None:
        """Raises `ContractError` for a number that was not defined."""
        found = json.loads(text)
        change = Edit(tuple(found["drop"]), tuple((place, tuple(run)) for place, run in found["put"]))
        self.order = change.applied(self.order)
        try:
            self.members = [self.by_number[number] for number in self.order]
        except KeyError as error:
            raise ContractError(f"number {error} is in a list and was not defined") from error

    def forget(self, kept: frozenset[int] | set[int] = frozenset()) -> None:
        """What is neither in the list nor kept by others."""
        if len(self.by_number) > len(self.order) + len(kept):
            wanted = kept.union(self.order)
            self.by_number = {number: one for number, one in self.by_number.items() if number in wanted}


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
        step: dict[str, Any] | None = None
        for row in definitions(batch):
            if row["kind"] == schema.STEP:
                if step is not None:
                    yield self._step(step, values.get(step["step"]))
                step = row
            elif apply := self._apply.get(row["kind"]):  # other kinds were added by a newer wca-record
                apply(row["number"], row["text"])
        if step is not None:
            yield self._step(step, values.get(step["step"]))

    def _step(self, row: Mapping[str, Any], changed: StepValues | None) -> RecordedStep:
        if changed is not None:
            self._values = self._changed(changed)
        steady = loads(row["text"])["steady"]
        samples = Samples(self._series.members, self._values)
        samples.are_plain, samples.steady = True, steady
        return RecordedStep(
            number=row["step"],
            now=row["value"],
            steady=steady,
            tasks=self._tasks.members,
            samples=samples,
            platform=self._platform,
            allocations=self._in_force,
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
        self._tasks.by_number[number] = task_of(text)

    def _define_metric(self, number: int, text: str) -> None:
        self._metrics.by_number[number] = metric_of(text)

    def _define_series(self, number: int, text: str) -> None:
        self._series.by_number[number] = series_of(text, self._metrics.by_number, self._tasks.by_number)

    def _define_allocation(self, number: int, text: str) -> None:
        self._allocations.by_number[number] = allocation_of(text)

    def _set_platform(self, _number: int, text: str) -> None:
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
