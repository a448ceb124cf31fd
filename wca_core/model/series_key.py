"""What a series is found by: its metric, its task and its levels, in whatever order they are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from wca_core.model.metric import Metric, Series
from wca_core.model.task import Task

Owner: TypeAlias = tuple[str, str | None]
"""Name of a metric and id of a task; None: the host."""
Levels: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values, sorted by name."""
Key: TypeAlias = tuple[Owner, Levels]


def key_of(series: Series) -> Key:
    return owner_of(series), levels_of(series)


def key(metric: Metric | str, task: Task | None, levels: Mapping[str, object]) -> Key:
    """The same of what somebody asks for."""
    name = metric.name if isinstance(metric, Metric) else metric
    sorted_levels = tuple(sorted([(name, str(value)) for name, value in levels.items()])) if levels else ()
    return (name, task.task_id if task else None), sorted_levels


def owner_of(series: Series) -> Owner:
    return series.metric.name, series.task.task_id if series.task else None


def levels_of(series: Series) -> Levels:
    return tuple(sorted(series.level_labels.items())) if series.level_values or series.free_labels else ()
