"""Tasks, metrics, series, allocations and platforms as JSON text and back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from wca_core.errors import ContractError, WcaError
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.cpu_codenames import CpuCodename
from wca_core.model.metric import Merge, Metric, MetricType, Series
from wca_core.model.platform import Platform
from wca_core.model.task import Task
from wca_record.plain import dumps, loads
from wca_record.step import RecordedStep

T = TypeVar("T")

_TASK_FIELDS = tuple(one.name for one in fields(Task) if one.init)
_PLATFORM_FIELDS = tuple(one.name for one in fields(Platform) if one.init)


def task_text(task: Task) -> str:
    """All fields; labels and resources keep their order."""
    return dumps({name: _as_dict(getattr(task, name)) for name in _TASK_FIELDS})


def task_of(text: str) -> Task:
    """Raises `ContractError`."""
    return _made("task", text, lambda found: Task(**found))


def metric_text(metric: Metric) -> str:
    """The whole description."""
    return dumps(
        {
            "name": metric.name,
            "help": metric.help,
            "type": metric.type.value,
            "unit": metric.unit,
            "levels": list(metric.levels),
            "merge": metric.merge.value,
        }
    )


def metric_of(text: str) -> Metric:
    """Raises `ContractError`."""

    def made(found: dict[str, Any]) -> Metric:
        kind, merge, levels = MetricType(found.pop("type")), Merge(found.pop("merge")), tuple(found.pop("levels"))
        return Metric(type=kind, merge=merge, levels=levels, **found)

    return _made("metric", text, made)


def series_text(series: Series, metric: int, task: int | None) -> str:
    """`metric` and `task`: the numbers of their definitions."""
    found: dict[str, object] = {"metric": metric, "task": task, "levels": list(series.level_values)}
    if series.free_labels:
        found["free"] = [list(pair) for pair in series.free_labels]
    return _json(found)


def series_of(text: str, metrics: Mapping[int, Metric], tasks: Mapping[int, Task]) -> Series:
    """Raises `ContractError`, also for a number that was not defined."""

    def made(found: dict[str, Any]) -> Series:
        task = None if found["task"] is None else tasks[found["task"]]
        free = tuple((name, value) for name, value in found.get("free", ()))
        levels = tuple(found["levels"])
        if not all(isinstance(one, str) for one in (*levels, *(part for pair in free for part in pair))):
            raise ContractError("labels must be texts")
        return Series(metrics[found["metric"]], task, levels, free)

    return _made("series", text, made)


def step_text(step: RecordedStep) -> str:
    """What columns do not say of a step."""
    found: dict[str, object] = {"steady": step.steady}
    if step.also_known:
        found["also_known"] = list(step.also_known)
    if not step.is_discovered:
        found["is_discovered"] = False
    return dumps(found)


def step_of(text: str) -> dict[str, Any]:
    """Fields of a step. Raises `ContractError`."""

    def made(found: dict[str, Any]) -> dict[str, Any]:
        steady, also_known = found["steady"], tuple(found.get("also_known", ()))
        if not all(type(one) is str for one in also_known):
            raise ContractError("ids must be texts")
        return {
            "steady": None if steady is None else seconds(steady),
            "also_known": also_known,
            "is_discovered": found.get("is_discovered") is not False,
        }

    return _made("step", text, made)


def seconds(value: object) -> float:
    """Raises `ContractError` for what no clock tells."""
    if type(value) in (int, float) and math.isfinite(value):  # type: ignore[arg-type]
        return value  # type: ignore[return-value]
    raise ContractError(f"seconds expected, found {value!r:.80}")


def labels_text(series: Series) -> str | None:
    """The labels that tell this series from others of its metric and task; None if there are none."""
    return _json(series.level_labels) if series.level_values or series.free_labels else None


def allocation_text(allocation: Allocation) -> str:
    return dumps({"task": allocation.task_id, "type": allocation.type.value, "value": allocation.value})


def allocation_of(text: str) -> Allocation:
    """Raises `ContractError`."""
    return _made("allocation", text, lambda f: Allocation(f["task"], AllocationType(f["type"]), f["value"]))


def platform_text(platform: Platform | None) -> str:
    """All fields; of `parts` what is plain data."""
    if platform is None:
        return dumps(None)
    return dumps({name: _as_dict(getattr(platform, name)) for name in _PLATFORM_FIELDS})


def platform_of(text: str) -> Platform | None:
    """Raises `ContractError`."""
    if text == "null":
        return None

    def made(found: dict[str, Any]) -> Platform:
        return Platform(cpu_codename=CpuCodename(found.pop("cpu_codename")), **found)

    return _made("platform", text, made)


def _json(found: Mapping[str, object]) -> str:
    """Of what is plain: `dumps` takes three times as long, and a step may define 80,000 series."""
    return json.dumps(found, separators=(",", ":"))


def _as_dict(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else value


def _made(what: str, text: str, make: Callable[[dict[str, Any]], T]) -> T:
    found = loads(text)
    try:
        return make(found)
    except (WcaError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ContractError(f"a {what} as of a recording expected, found {text[:120]} ({error!r})") from error
