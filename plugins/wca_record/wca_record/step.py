"""What a recording holds: what it says of itself, and its steps as a detector saw them. Plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wca_core.model.allocation import Allocation
from wca_core.model.metric import Samples
from wca_core.model.platform import Platform
from wca_core.model.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a recording says of itself."""

    format: int
    """The version of the format; see `wca_record.schema`."""
    host: str
    wca_version: str
    started: float
    """Unix seconds."""
    interval: float | None = None
    """Seconds from step to step as configured; None: not known, as of a plugin in an agent."""
    plugins: tuple[str, ...] = ()
    """The names of the plugins that ran; empty: not known."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """The common labels of every sample."""
    anonymous: bool = False
    """Names, ids, paths and labels were replaced."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordedStep:
    """One step. What did not change is the very same object as in the step before; nobody may change it."""

    now: float
    """Unix time just before the step measured [seconds]."""
    steady: float | None
    """The same on a clock that does not jump [seconds]."""
    tasks: Sequence[Task]
    samples: Samples
    platform: Platform | None = None
    allocations: tuple[Allocation, ...] = ()
    also_known: tuple[str, ...] = ()
    """The ids of tasks that are not gone and not measured, as their discoverer did not answer."""
    is_discovered: bool = True
    """False: no discoverer answered; detectors and allocators are not called in such a step."""
    number: int = 0
    """Grows; counted by the agent from its start: a number left out is a step that is not in the recording."""
