"""What is measured: a `Metric` describes, a `Series` is a metric with its labels, a `Sample` is a series with a value.

A collector either yields `metric.sample(value, task)`, which is always right, or keeps a
series per task and yields `series.at(value)`, or yields one `Block` of many values of a task.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from wca_core.errors import ContractError, InconvertibleToPrometheusExpositionFormat
from wca_core.model.task import Task

METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL_NAME = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
UNITS = frozenset(
    ["bytes", "bytes_per_second", "seconds", "numeric", "timestamp", "watts", "percent", "joules", "hertz"]
)

Value: TypeAlias = int | float
_NUMBERS = frozenset({int, float})


class MetricType(StrEnum):
    """`counter`: never falls while the agent lives; `gauge`: any number."""

    COUNTER = "counter"
    GAUGE = "gauge"


counter = MetricType.COUNTER
gauge = MetricType.GAUGE


class Merge(StrEnum):
    """How the values of several cgroups of a task become one."""

    SUM = "sum"
    """The sum over the cgroups that have the metric."""
    SUM_COUNTER = "sum+"
    """The sum, made monotonic when cgroups come, go and start again."""
    SUM_LIMIT = "sum-limit"
    """The sum; one unlimited cgroup makes the result unlimited."""
    MEAN = "mean"
    MAX = "max"
    RECOMPUTE = "recompute"
    """Computed from merged inputs, never merged."""
    TASK = "task-level"
    """Measured once per task: there is nothing to merge."""


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """The description of a metric, kept beside the code that measures it.

    Raises `ContractError` for a malformed name, an empty help, an unknown type or unit.
    """

    name: str
    help: str
    type: MetricType
    unit: str = "numeric"
    levels: tuple[str, ...] = ()
    """Ordered names of the labels that tell the samples of one task or host apart."""
    merge: Merge = Merge.TASK
    _series: dict[tuple[str, ...], Series] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if not METRIC_NAME.fullmatch(self.name):
            raise ContractError(f"metric name {self.name!r} is not of the form {METRIC_NAME.pattern}")
        if not self.help.strip():
            raise ContractError(f"metric {self.name} has no help text")
        if not isinstance(self.type, MetricType):
            raise ContractError(f"metric {self.name} has type {self.type!r}; MetricType.COUNTER or GAUGE expected")
        if self.unit not in UNITS:
            raise ContractError(f"metric {self.name} has unit {self.unit!r}; known are {', '.join(sorted(UNITS))}")
        for level in self.levels:
            if not LABEL_NAME.fullmatch(level):
                raise ContractError(f"metric {self.name} has a level {level!r}, which is no label name")

    @property
    def granularity(self) -> str:
        """`task`, `platform` or `internal`, by the prefix of the name."""
        prefix = self.name.split("_", 1)[0]
        return prefix if prefix in ("task", "platform") else "internal"

    def series(self, task: Task | None = None, **levels: object) -> Series:
        """The series of this metric for a task (None: the host) at these levels.

        The same object for the same arguments as long as the task lives. Raises `ContractError`
        if the levels are not those of the description.
        """
        if tuple(levels) == self.levels:
            return self.series_at(task, tuple(map(str, levels.values())))
        return self.series_at(task, self._ordered(levels))

    def series_at(self, task: Task | None, level_values: tuple[str, ...]) -> Series:
        """As `series`, the levels as text in the order of the description."""
        if task is None:
            found = self._series.get(level_values)
            if found is None:
                found = self._series[level_values] = Series(self, None, level_values)
            return found
        found = task.series_cache.get((self, level_values))
        if found is None:
            found = task.series_cache[self, level_values] = Series(self, task, level_values)
        return found

    def sample(self, value: Value, task: Task | None = None, **levels: object) -> Sample:
        """A sample of this metric; see `series`."""
        return Sample(self.series(task, **levels), value)

    def _ordered(self, levels: Mapping[str, object]) -> tuple[str, ...]:
        if set(levels) != set(self.levels):
            raise ContractError(f"metric {self.name} has the levels {list(self.levels)}, but was given {list(levels)}")
        return tuple(str(levels[name]) for name in self.levels)


class Series:
    """A metric together with the labels of one line of output.

    `labels` of a sample that belongs neither to a task nor to a declared level (an application's
    or an anomaly's) can be given as they are with `Series.of`.
    """

    __slots__ = ("free_labels", "level_values", "metric", "task")

    def __init__(
        self,
        metric: Metric,
        task: Task | None,
        level_values: tuple[str, ...] = (),
        free_labels: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.metric = metric
        self.task = task
        self.level_values = level_values
        self.free_labels = free_labels

    @classmethod
    def of(cls, metric: Metric, labels: Mapping[str, str]) -> Series:
        """A series with any labels, all of which count as levels: nothing overrides them.

        Raises `InconvertibleToPrometheusExpositionFormat` for a label that cannot be written.
        """
        for name, value in labels.items():
            if not LABEL_NAME.fullmatch(name) or not isinstance(value, str):
                raise InconvertibleToPrometheusExpositionFormat(
                    f"label {name!r}={value!r} of {metric.name}: a name like {LABEL_NAME.pattern} "
                    f"and a text as value expected, found {type(value).__name__}"
                )
        return cls(metric, None, (), tuple(sorted(labels.items())))

    @property
    def name(self) -> str:
        return self.metric.name

    @property
    def level_labels(self) -> dict[str, str]:
        """The labels that no task and no common label may override."""
        return {**dict(zip(self.metric.levels, self.level_values, strict=False)), **dict(self.free_labels)}

    @property
    def labels(self) -> dict[str, str]:
        """All labels but the common ones of the page."""
        return {**(self.task.all_labels if self.task else {}), **self.level_labels}

    def at(self, value: Value) -> Sample:
        """A sample of this series."""
        return Sample(self, value)

    def __repr__(self) -> str:
        labels = ",".join(f'{name}="{value}"' for name, value in sorted(self.labels.items()))
        return f"{self.metric.name}{{{labels}}}"


@dataclass(slots=True)  # unfrozen: 0.35 us to make instead of 0.55
class Sample:
    """One value of one series."""

    series: Series
    value: Value

    @property
    def name(self) -> str:
        return self.series.metric.name

    @property
    def labels(self) -> dict[str, str]:
        return self.series.labels


@dataclass(slots=True)
class Block:
    """Many values at once: `values[i]` belongs to `series[i]`. The cheapest thing a hook can yield.

    Cheapest of all with a tuple of series that is the same object as long as the series are the same.
    """

    series: Sequence[Series]
    values: Sequence[Value]


class Samples(Iterable[Sample]):
    """All samples of a step, in two columns. Readable by several storages at the same time; nobody changes it."""

    __slots__ = ("are_plain", "series", "steady", "values")

    def __init__(self, series: list[Series] | None = None, values: list[Value] | None = None) -> None:
        """The lists are taken as they are, not copied."""
        self.series: list[Series] = [] if series is None else series
        self.values: list[Value] = [] if values is None else values
        self.are_plain = False
        """Whether somebody has made sure that all values are plain numbers; see `are_plain_numbers`."""
        self.steady: float | None = None
        """When their measuring began, on a clock that does not jump [seconds]: for rates. None: not known."""

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Samples:
        samples = list(samples)
        return cls([sample.series for sample in samples], [sample.value for sample in samples])

    def __iter__(self) -> Iterator[Sample]:
        return map(Sample, self.series, self.values)

    def __len__(self) -> int:
        return len(self.series)


def are_plain_numbers(values: Sequence[Value]) -> bool:
    """Whether all values are finite ints and floats (no bools), as a collector may give.

    An int that no float can hold is not: no storage could send it.
    """
    if not _NUMBERS.issuperset(map(type, values)):
        return False
    with suppress(OverflowError):
        if math.isfinite(sum(values)):
            return True
    return all(map(_is_finite, values))  # the sum may overflow where no value does


def _is_finite(value: Value) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
