"""Overviews as JSON and back: what a running agent tells another program."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

from wca_core.errors import ContractError
from wca_core.overview.rows import Event, EventKind, Overview, TaskRow

_OF_TASK = (
    *("cpus", "memory_bytes", "memory_limit_bytes", "throttled_share", "cpu_pressure", "memory_pressure"),
    *("io_pressure", "cache_bytes", "memory_bandwidth", "instructions_per_cycle"),
)
_OF_MACHINE = (
    *("seconds", "cpus_used", "memory_bytes", "memory_used_bytes", "cpu_pressure", "memory_pressure"),
    *("io_pressure", "step_seconds"),
)
_KINDS = ("anomaly", "allocation")


def as_json(overview: Overview) -> dict[str, object]:
    """Objects, lists, texts and numbers with the names of the fields; None is null."""
    return {
        "time": overview.time,
        "host": overview.host,
        "cpus": overview.cpus,
        **{name: getattr(overview, name) for name in _OF_MACHINE},
        "tasks": [_task_as_json(task) for task in overview.tasks],
        "events": [
            {"time": event.time, "kind": event.kind, "text": event.text, "task_id": event.task_id}
            for event in overview.events
        ],
    }


def from_json(found: object) -> Overview:
    """The overview that `as_json` gave. Fields not known here are ignored: the other may be newer.

    Raises `ContractError` that names what is missing or of the wrong type.
    """
    whole = _Object(found, "overview")
    cpus = whole.number_or_none("cpus")
    return Overview(
        time=whole.number("time"),
        host=whole.text("host"),
        cpus=None if cpus is None else int(cpus),
        tasks=tuple([_task(_Object(one, f"tasks[{at}]")) for at, one in enumerate(whole.items("tasks"))]),
        events=tuple([_event(_Object(one, f"events[{at}]")) for at, one in enumerate(whole.items("events"))]),
        **{name: whole.number_or_none(name) for name in _OF_MACHINE},
    )


def _task_as_json(task: TaskRow) -> dict[str, object]:
    own: dict[str, object] = {"task_id": task.task_id, "name": task.name, "labels": dict(task.labels)}
    return own | {name: getattr(task, name) for name in _OF_TASK}


def _task(found: _Object) -> TaskRow:
    return TaskRow(
        task_id=found.text("task_id"),
        name=found.text("name"),
        labels=found.texts("labels"),
        **{name: found.number_or_none(name) for name in _OF_TASK},
    )


def _event(found: _Object) -> Event:
    kind = found.text("kind")
    if kind not in _KINDS:
        raise ContractError(f"{found.place}.kind: {' or '.join(_KINDS)} expected, found {kind!r:.80}")
    return Event(
        time=found.number("time"),
        kind=cast("EventKind", kind),
        text=found.text("text"),
        task_id=found.text("task_id"),
    )


class _Object:
    """A JSON object that somebody else wrote."""

    def __init__(self, found: object, place: str) -> None:
        self.place = place
        if not isinstance(found, dict):
            raise ContractError(f"{place}: an object expected, found {type(found).__name__}")
        self._fields: dict[str, Any] = found

    def number(self, name: str) -> float:
        value = self.number_or_none(name)
        if value is None:
            raise self._misfit(name, "a number")
        return value

    def number_or_none(self, name: str) -> float | None:
        value = self._fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._misfit(name, "a number or null")
        try:
            is_finite = math.isfinite(value)
        except OverflowError:
            is_finite = False
        if not is_finite:
            raise self._misfit(name, "a finite number")
        return value

    def text(self, name: str) -> str:
        value = self._fields.get(name)
        if not isinstance(value, str):
            raise self._misfit(name, "a text")
        return value

    def texts(self, name: str) -> Mapping[str, str]:
        value = self._fields.get(name)
        if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
            raise self._misfit(name, "an object of texts")
        return value

    def items(self, name: str) -> list[object]:
        value = self._fields.get(name)
        if not isinstance(value, list):
            raise self._misfit(name, "a list")
        return value

    def _misfit(self, name: str, expected: str) -> ContractError:
        value = self._fields.get(name)
        found = "nothing" if name not in self._fields else type(value).__name__
        return ContractError(f"{self.place}.{name}: {expected} expected, found {found}")
