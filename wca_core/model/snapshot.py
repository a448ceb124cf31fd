"""What was measured in one step, as a detector or allocator sees it: read only, indexed when first asked.

Where a series stands is found out once for a list of series, not once a step: as long as the very same
list comes again, a step has only its values looked up.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from wca_core.errors import ContractError
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.histories import Histories, undeclared
from wca_core.model.history import History
from wca_core.model.metric import Metric, Samples, Series, Value
from wca_core.model.platform import Platform
from wca_core.model.series_key import Key, Owner, key, key_of, owner_of
from wca_core.model.task import Task
from wca_core.model.task_class import TaskClass, TaskClasses


class _Places:
    """Where in one list of series each of them stands."""

    def __init__(self, series: Sequence[Series]) -> None:
        self.series = series

    @cached_property
    def of_series(self) -> dict[Key, int]:
        """Of equal series the last."""
        return {key_of(series): at for at, series in enumerate(self.series)}

    @cached_property
    def of_metric(self) -> dict[Owner, list[int]]:
        """All series of a metric."""
        places: dict[Owner, list[int]] = {}
        for at, series in enumerate(self.series):
            places.setdefault(owner_of(series), []).append(at)
        return places


@dataclass(eq=False, kw_only=True)
class Snapshot:
    """The samples of this step, the tasks they belong to, and the step before for rates."""

    now: float
    """Unix time just before the step measured [seconds]; may jump."""
    tasks: Sequence[Task]
    samples: Samples
    allocations: Sequence[Allocation] = ()
    """In force; empty unless the agent allocates. Of one task: `allocations_of`, `allocation`."""
    platform: Platform | None = None
    """What the machine is made of; None where the kernel does not tell its CPUs."""
    previous: Snapshot | None = field(default=None, repr=False)
    steady: float | None = None
    """The step's time on a clock that does not jump [seconds]; None: `now` serves for it."""

    known: Container[str] | None = field(default=None, repr=False)
    """See `known_tasks`; None: the tasks of this step."""
    histories: Histories | None = field(default=None, repr=False)
    """What the plugins look back on; see `history`."""
    task_classes: TaskClasses = field(default=TaskClasses(), repr=False)
    """By which rules tasks are of a class; see `task_class`."""

    _known_places: tuple[_Places, ...] = field(init=False, repr=False, default=())
    """Of the samples; behind it those of the same step before anything was derived."""

    def __post_init__(self) -> None:
        self._known_places = (self._places_in(self.previous),)

    @cached_property
    def known_tasks(self) -> Container[str]:
        """The ids of all tasks that are not gone, also of those that are not measured in this step: for `PerTask`.

        The same object as long as none comes or goes.
        """
        return frozenset(task.task_id for task in self.tasks) if self.known is None else self.known

    @property
    def seconds(self) -> float | None:
        """Seconds since the step before; None on the first step."""
        return self.taken_at - self.previous.taken_at if self.previous else None

    def value(self, metric: Metric | str, task: Task | None = None, **levels: object) -> Value | None:
        """The value of one series; None if it was not measured in this step."""
        return self._at(key(metric, task, levels))

    def values(self, metric: Metric | str, task: Task | None = None) -> dict[tuple[str, ...], Value]:
        """All series of a metric for this task (None: the host), by the values of its levels in their order."""
        series, values = self.samples.series, self.samples.values
        return {
            _level_values(series[at]): values[at] for at in self._places.of_metric.get(key(metric, task, {})[0], ())
        }

    def rate(self, metric: Metric | str, task: Task | None = None, **levels: object) -> float | None:
        """The growth per second since the step before; None on the first step or after a reset."""
        if self.previous is None or not self.seconds or self.seconds <= 0:
            return None
        wanted = key(metric, task, levels)
        new, old = self._at(wanted), self.previous._at(wanted)
        if new is None or old is None or new < old:
            return None
        return (new - old) / self.seconds

    def history(self, metric: Metric | str, task: Task | None = None, **levels: object) -> History:
        """The values of one series over time, up to this step; empty if it was not measured.

        Kept for the metrics that plugins name in an attribute of their class, with the seconds they look back:

        `looks_back: ClassVar[Mapping[str, float]] = {"task_cycles": 300.0}`

        Another plugin may look back longer: `.last(seconds)` is what you asked for. Raises `ContractError` for a metric
        that no plugin names.
        """
        wanted = key(metric, task, levels)
        if self.histories is None:
            raise ContractError(undeclared(wanted[0][0]))
        return self.histories.of(wanted, self.taken_at)

    def task_class(self, task: Task) -> TaskClass:
        """Whether a task is latency critical or best effort, by the operator's rules or else by its labels."""
        return self.task_classes.of(task)

    @property
    def taken_at(self) -> float:
        """`steady` as far as it is known: the time to compare steps by [seconds]."""
        return self.now if self.steady is None else self.steady

    @property
    def _places(self) -> _Places:
        return self._known_places[0]

    def _places_in(self, before: Snapshot | None) -> _Places:
        """The step before knows them if the list of series is the very same."""
        known = before._known_places if before is not None else ()
        return next((one for one in known if one.series is self.samples.series), None) or _Places(self.samples.series)

    def _at(self, wanted: Key) -> Value | None:
        at = self._places.of_series.get(wanted)
        return None if at is None else self.samples.values[at]

    def allocations_of(self, task: Task) -> Mapping[AllocationType, object]:
        """What this task has now, by type; empty unless the agent allocates and its cgroups could be read."""
        return self._allocations_by_task.get(task.task_id, {})

    def allocation(self, type: AllocationType, task: Task) -> object | None:
        """One of these; None if it is not known."""
        return self.allocations_of(task).get(type)

    @cached_property
    def _allocations_by_task(self) -> dict[str, dict[AllocationType, object]]:
        by_task: dict[str, dict[AllocationType, object]] = {}
        for one in self.allocations:
            by_task.setdefault(one.task_id, {}).setdefault(one.type, one.value)
        return by_task


def with_derived(measured: Snapshot, samples: Samples) -> Snapshot:
    """The same step with these samples, measured and derived, in place of those that were measured."""
    whole = replace(measured, samples=samples)
    whole._known_places += measured._known_places
    return whole


def _level_values(series: Series) -> tuple[str, ...]:
    return series.level_values or tuple([value for _, value in series.free_labels])
