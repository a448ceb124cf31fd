"""What comes out of a replay, step by step: for those who read it, and for tests that compare it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from wca_core.model.allocation import AllocationType
from wca_core.model.anomaly import Anomaly
from wca_core.model.metric import Samples, Value
from wca_core.model.task import Task

WishState: TypeAlias = Literal["wished", "clamped", "refused"]
"""As it was wished; changed by a guard rail; not to be had."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An anomaly, and which plugin found it."""

    plugin: str
    anomaly: Anomaly


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an allocator wished in a step, and what an agent would have made of it, as far as that needs no machine."""

    plugin: str
    task_id: str
    type: AllocationType
    value: object
    """As wished."""
    state: WishState = "wished"
    granted: object = None
    """The value within the guard rails; None if it is refused."""
    reason: str = ""
    """Why it is clamped or refused."""
    in_force: object = None
    """What the task had then; None: not known."""
    is_new: bool = True
    """Not the same as in the last step in which this plugin wished something here."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A hook of a plugin that raised, or gave what it must not give."""

    seconds: float
    """Since the first step of the recording."""
    plugin: str
    hook: str
    message: str = field(compare=False)
    error: BaseException | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedStep:
    """One recorded step, and what the plugins made of it."""

    number: int
    """In the recording, from 1."""
    now: float
    """When it was recorded [Unix seconds]."""
    seconds: float
    """Since the first step of the recording, on a clock that does not jump."""
    tasks: Sequence[Task]
    findings: Sequence[Finding] = ()
    wishes: Sequence[Wish] = ()
    samples: Samples = field(default_factory=Samples)
    """That the plugins gave, not those recorded."""
    failures: Sequence[Failure] = ()

    @property
    def anomalies(self) -> list[Anomaly]:
        return [finding.anomaly for finding in self.findings]


@dataclass(frozen=True, slots=True)
class Result:
    """A whole replay."""

    steps: Sequence[ReplayedStep]
    trouble: str | None = None
    """Why the recording ends early, if it does."""

    @property
    def anomalies(self) -> list[Anomaly]:
        """Of all steps, in their order."""
        return [anomaly for step in self.steps for anomaly in step.anomalies]

    @property
    def wishes(self) -> list[Wish]:
        """Of all steps, in their order; those that only repeat what the plugin wished before are left out."""
        return [wish for step in self.steps for wish in step.wishes if wish.is_new]

    @property
    def failures(self) -> list[Failure]:
        return [failure for step in self.steps for failure in step.failures]

    def values(self, metric: str, **labels: str) -> list[Value | None]:
        """By step, the value of the first sample of a metric that the plugins gave with these labels; None: no such.

        `task_id` and `task_name` are labels too.
        """
        return [_value(step.samples, metric, labels) for step in self.steps]


def _value(samples: Samples, metric: str, labels: dict[str, str]) -> Value | None:
    of_metric = (one for one in samples if one.name == metric)
    return next((one.value for one in of_metric if labels.items() <= one.labels.items()), None)
