"""What became of the writes of one step, task by task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

State: TypeAlias = Literal["done", "undone", "torn", "gone", "planned"]
"""
| state | the task has |
|---|---|
| done | all that was wanted |
| undone | what it had before |
| torn | something in between: undoing was refused too, and is tried again in every later step (or is not wanted) |
| gone | vanished |
| planned | what it had before: nothing was to be written |
"""


@dataclass(frozen=True, slots=True)
class WriteFailure:
    """A write that was refused, or that had another effect."""

    type: str
    """Of the allocation; `machine` for a write that belongs to no task."""
    place: str
    errno: str
    """The name of an errno; `verify`: something else was read back; `plan`: the plan makes no sense, nothing was
    tried; else the name of the class of another error."""
    detail: str


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """What became of a task's writes."""

    state: State
    failures: tuple[WriteFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class TransactionOutcome:
    """What became of all writes."""

    tasks: Mapping[str, TaskOutcome] = field(default_factory=dict)
    """By task id; under the empty one those of the whole machine."""
    writes: int = 0
    """That were tried, undoing not counted."""
